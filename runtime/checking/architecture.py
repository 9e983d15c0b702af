"""All the problems of an architecture's config.

Each layer is checked by itself first. Then the layers are called as the config says, and where one
is broken the checks go on with what does not depend on it. A mistake whose remedy is plain (an
unknown activation, a misspelled class) is mended for the sake of what comes behind it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from kir.errors import KirError
from kir.layers import deserialize, layer_table
from kir.utils.generic_utils import OWN_OBJECTS, get_custom_objects, unknown_name
from runtime.checking.arguments import check_arguments
from runtime.checking.connections import FunctionalCheck
from runtime.checking.problem import Place, Problem, class_of, name_of, text_of
from runtime.model_files import tolerant

MODELS = ("Model", "Sequential")
UNBUILT = (
    "The shapes were not checked, as the first layer has no `batch_input_shape`; the model takes "
    "those of the first data that it sees."
)
_OWN_FILE = " One of your own is read with --custom FILE.py."


class ArchitectureCheck:
    """Collects the problems of one config.

    Attributes:
        problems: what was found so far.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        own = {n: c for n, c in get_custom_objects().items() if isinstance(c, type)}
        self.classes = {n: c for n, c in {**layer_table(), **own}.items() if n not in MODELS}

    def check(self, config: Any) -> list[Problem]:
        """The problems of a config ``{"class_name": ..., "config": ...}`` of a model."""
        kind = class_of(config)
        if kind is None:
            self.report(
                Place(),
                f"This is no Keras architecture: expected a mapping with 'class_name' and "
                f"'config'; got {config!r:.120}.",
            )
        elif kind in MODELS:
            self.check_model(config, Place())
        else:
            self.check_layer(config, Place().inner("the outermost layer", config))
        return self.problems

    def report(self, place: Place, message: str, argument: str | None = None) -> None:
        """Notes an error."""
        message = message.replace(OWN_OBJECTS, _OWN_FILE)  # nobody can pass an object to a file
        self.problems.append(Problem(message, place, argument))

    def warn(self, place: Place, message: str) -> None:
        """Notes what is no error, but perhaps not what was meant."""
        self.problems.append(Problem(message, place, is_error=False))

    def attempt(self, place: Place, action: Callable[[], Any]) -> Any:
        """What `action` returns; None if it fails, which is noted."""
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                found = tolerant(lambda _: action(), None)
        except KirError as error:
            self.report(place, text_of(error, leave_out=["In the architecture:"]))
            return None
        for warning in caught:
            self.warn(place, str(warning.message))
        return found

    # -- models

    def check_model(self, entry: Mapping[str, Any], place: Place) -> Any:
        """The model of an entry, as far as it can be built; else None."""
        config: Any = entry.get("config")
        if entry["class_name"] == "Sequential":
            return self.check_sequential(config, place)
        if not isinstance(config, Mapping):
            self.report(place, f"The config of a Model is {config!r:.80}; expected a mapping.")
            return None
        absent = [k for k in ("layers", "input_layers", "output_layers") if k not in config]
        for key in absent:
            self.report(place, f"The config of a Model has no {key!r}; it has {list(config)}.")
        given: Any = config.get("layers", [])
        entries = self.entries(given, place)
        made = [
            self.check_layer(one, place.inner(f"layer {i}", one, "config", "layers", i))
            for i, one in enumerate(entries)
        ]
        self.check_names(entries, place, ("config", "layers"))
        if absent or not entries or len(entries) != len(given):
            return None
        return FunctionalCheck(self, config, entries, made, place).run()

    def check_sequential(self, config: Any, place: Place) -> Any:
        """The Sequential of a config; Keras before 2.2.3 wrote the list of layers alone."""
        from kir.models import Sequential

        inside = isinstance(config, Mapping)
        keys = ("config", "layers") if inside else ("config",)
        given: Any = config.get("layers") if inside else config
        entries = self.entries(given, place)
        name = config.get("name") if inside and isinstance(config.get("name"), str) else None
        model = Sequential(name=name)
        is_whole = bool(entries) and len(entries) == len(given)
        taken: set[str] = set()
        for i, entry in enumerate(entries):
            there = place.inner(f"layer {i}", entry, *keys, i)
            layer = self.check_layer(entry, there)
            if layer is None or layer.name in taken:
                is_whole = False  # a name that is taken is reported below
            elif is_whole and self.attempt(there, lambda x=layer: (model.add(x), True)) is None:
                is_whole = False
            taken.add(layer.name if layer is not None else "")
        self.check_names(entries, place, keys)
        if not is_whole:
            return None
        shape = config.get("build_input_shape") if inside else None
        if not model.inputs and shape:
            self.attempt(place, lambda: model.build(shape))
        elif not model.inputs:
            self.warn(place, UNBUILT)
        return model

    def entries(self, value: Any, place: Place) -> list[Any]:
        """The entries of layers in a config that are entries."""
        if not isinstance(value, list | tuple):
            self.report(place, f"The layers of the model are {value!r:.80}; expected a list.")
            return []
        if not value:
            self.report(place, "The model has no layers.")
        found = []
        for i, entry in enumerate(value):
            if isinstance(entry, Mapping):
                found.append(entry)
            else:
                there = place.inner(f"layer {i}", entry, "config", "layers", i)
                self.report(there, f"{entry!r:.80} is no layer; {_EXPECTED}")
        return found

    def check_names(self, entries: list[Any], place: Place, keys: tuple[str, ...]) -> None:
        """Notes names that several layers of a model have."""
        first: dict[str, int] = {}
        for i, entry in enumerate(entries):
            name = name_of(entry)
            if name is not None and first.setdefault(name, i) != i:
                self.report(
                    place.inner(f"layer {i}", entry, *keys, i),
                    f"Layer {first[name]} is called {name!r} too; every layer of a model needs a "
                    "name of its own. Rename one of them.",
                    "name",
                )

    # -- layers

    def check_layer(self, entry: Any, place: Place) -> Any:
        """The layer of an entry, mended where that is plain; None if it cannot be made."""
        kind, config = class_of(entry), entry.get("config")
        if kind is None:
            self.report(place, f"The layer has no 'class_name'; {_EXPECTED}")
            return None
        if kind in MODELS:
            return self.check_model(entry, place)
        if not isinstance(config, Mapping):
            self.report(place, f"The config of the layer is {config!r:.80}; {_EXPECTED}")
            return None
        cls, count = self.find_class(kind, place), len(self.problems)
        if cls is None:
            return None
        config = dict(config)
        if not self.check_inner(config, place):
            self.check_arguments(cls, config, place)
            return None
        mended = {"class_name": cls.__name__, "config": config}
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                layer = tolerant(deserialize, mended)
            for warning in caught:
                self.warn(place, str(warning.message))
        except KirError as error:
            guess = self.check_arguments(cls, config, place)
            if len(self.problems) == count:  # it lies in none of the arguments alone
                self.report(place, _without_label(text_of(error), cls.__name__, name_of(entry)))
            elif guess is not None:
                mended["config"] = guess
                return self.attempt(place, lambda: deserialize(mended))
            return None
        return layer

    def find_class(self, kind: str, place: Place) -> Any:
        """The class of that name, or after a report the one that must have been meant."""
        cls = self.classes.get(kind)
        if cls is not None:
            return cls
        self.report(place, str(unknown_name("layer", kind, [*self.classes, *MODELS])))
        lower = {name.lower(): name for name in self.classes}
        near = get_close_matches(kind.lower(), lower, n=1, cutoff=0.8)
        return self.classes[lower[near[0]]] if near else None

    def check_inner(self, config: dict[str, Any], place: Place) -> bool:
        """Checks the layers that are arguments of a layer; False if one cannot be made."""
        is_whole = True
        for label, keys, entry in _inner_entries(config):
            before = sum(p.is_error for p in self.problems)
            self.check_layer(entry, place.inner(label, entry, "config", *keys))
            is_whole &= before == sum(p.is_error for p in self.problems)
        return is_whole

    def check_arguments(self, cls: Any, config: dict[str, Any], place: Place) -> Any:
        """Notes what is wrong with each argument; the config without that, or None."""
        faults, mended = check_arguments(cls, config)
        for argument, message in faults:
            self.report(place.below("config", argument), message, argument)
        return mended


_EXPECTED = "expected a mapping such as {'class_name': 'Dense', 'config': {'units': 8}}."


def _inner_entries(config: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str | int, ...], Any]]:
    """The layers that wrappers and recurrent layers hold: (label, keys, entry)."""
    for key in ("layer", "cell"):
        if class_of(config.get(key)) is not None:
            yield key, (key,), config[key]
    cells = config.get("cells")
    if isinstance(cells, list | tuple):
        for i, cell in enumerate(cells):
            if class_of(cell) is not None:
                yield f"cell {i}", ("cells", i), cell


def _without_label(message: str, kind: str, name: str | None) -> str:
    """A message without the layer's class and name in front, which the place says already."""
    return message.removeprefix(f"{kind} {name!r}: ").removeprefix(f"{kind}: ")
