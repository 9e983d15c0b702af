"""Lets `import keras`, and every module below it, mean kir.

A finder at the front of `sys.meta_path` answers for the names that Keras 2.2.4 had: ``keras.x.y``
is the module object ``kir.x.y``, so that a class is the same by either path. Nothing is imported
before a program asks for it.

The package itself is the one exception: ``keras`` is an object of its own that bears Keras's name
and looks everything else up in kir, as ``keras.__name__`` has to be 'keras'. So is ``tensorflow``
where a program wants the names of TensorFlow 1: an object in front of the real one.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from kir.errors import MissingModuleError

TENSORFLOW = "tensorflow"

# What Keras 2.2.4 consisted of: itself, and two packages that it shared with TensorFlow.
PACKAGES = {
    "keras": "kir",
    "keras_applications": "kir.applications",
    "keras_preprocessing": "kir.preprocessing",
}
# What programs for TensorFlow 1 import from it beside its own modules.
TENSORFLOW_PACKAGES = {"tensorflow.keras": "kir"}


class _StandIn(ModuleType):
    """A package's name and place, with the attributes of something else."""

    def __init__(self, name: str, real: ModuleType, find: Callable[[str], Any]) -> None:
        super().__init__(name, real.__doc__)
        self.__dict__.update(_real=real, _find=find)
        self.__file__ = real.__file__
        self.__path__ = real.__path__

    def __getattr__(self, name: str) -> Any:
        try:
            return self._find(name)
        except AttributeError as error:
            text = f"module {self.__name__!r} has no attribute {name!r}"
            raise type(error)(str(error) if self.__name__ == TENSORFLOW else text) from None

    def __dir__(self) -> list[str]:
        return dir(self._real)


def unwrapped(module: ModuleType) -> ModuleType:
    """The real module behind a stand-in."""
    return module._real if isinstance(module, _StandIn) else module


class _AliasFinder(MetaPathFinder, Loader):
    """Finds a module of Keras as the module of kir that stands in for it."""

    def __init__(self, packages: dict[str, str]) -> None:
        self.packages = packages

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package = next((p for p in self.packages if f"{fullname}.".startswith(f"{p}.")), None)
        if package is None:
            return None
        real = _import(fullname, self.packages[package] + fullname[len(package) :])
        spec = importlib.util.spec_from_loader(
            fullname, self, origin=real.__file__, is_package=hasattr(real, "__path__")
        )
        assert spec is not None
        spec.loader_state = real
        return spec

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        real: ModuleType = spec.loader_state
        if spec.name in self.packages:
            return _StandIn(spec.name, real, lambda name: getattr(real, name))
        spec.loader_state = real.__spec__
        return real

    def exec_module(self, module: ModuleType) -> None:
        # The import system has written the alias's spec over the module's own.
        if not isinstance(module, _StandIn) and module.__spec__ is not None:
            module.__spec__ = module.__spec__.loader_state


def _import(alias: str, real: str) -> ModuleType:
    try:
        return importlib.import_module(real)
    except ModuleNotFoundError as error:
        # A package that an existing module needs and misses is another matter.
        if error.name is None or not f"{real}.".startswith(f"{error.name}."):
            raise
    parent, _, name = alias.rpartition(".")
    raise MissingModuleError(
        f"No module named {alias!r}: Keras 2.2.4 has no {name!r} in {parent!r}, or kir does not "
        f"offer it. Look at dir({parent}) for what there is.",
        name=alias,
    )


class _TensorFlowFinder(MetaPathFinder, Loader):
    """Puts a stand-in in front of TensorFlow once it is loaded."""

    def __init__(self) -> None:
        self._is_asking = False

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if f"{fullname}.".startswith("tensorflow.contrib."):
            raise MissingModuleError(
                f"No module named {fullname!r}: TensorFlow has no contrib any more. Use the layers "
                "and functions of Keras, or what tf.* offers for it.",
                name=fullname,
            )
        if fullname != TENSORFLOW or self._is_asking:
            return None
        self._is_asking = True
        try:
            real = importlib.util.find_spec(fullname)
        finally:
            self._is_asking = False
        if real is None:
            return None
        spec = ModuleSpec(fullname, self, origin=real.origin, is_package=True)
        spec.submodule_search_locations = real.submodule_search_locations
        spec.loader_state = real
        return spec

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        real: ModuleSpec = module.__spec__.loader_state
        assert real.loader is not None
        module.__spec__, module.__loader__, module.__file__ = real, real.loader, real.origin
        real.loader.exec_module(module)
        _put_in_front(module)


def tensorflow_1(module: ModuleType) -> ModuleType:
    """TensorFlow with the names of TensorFlow 1: what stands in front of it, or could."""
    shown = sys.modules.get(TENSORFLOW)
    return shown if isinstance(shown, _StandIn) else _in_front_of(module)


@functools.cache
def _in_front_of(module: ModuleType) -> ModuleType:
    shown = _StandIn(TENSORFLOW, module, _tensorflow_1_name)
    shown.__spec__ = module.__spec__
    return shown


def _tensorflow_1_name(name: str) -> Any:
    # Looked up now: with the executor comes NumPy, which an alias alone need not load.
    return importlib.import_module("kir.engine.executor").executor().tensorflow_1_name(name)


def _put_in_front(module: ModuleType) -> None:
    sys.modules[TENSORFLOW] = _in_front_of(module)


def install_as_keras(tf1: bool = False) -> None:
    """Makes `import keras` in this process mean kir, with all its submodules.

    Call it before the program's first `import keras`. A Keras that is loaded already loses its
    name; modules that hold it keep it. Calling it again does nothing.

    Args:
        tf1: whether `import tensorflow` gives the names of TensorFlow 1 too, such as `tf.Session`
            and `tf.placeholder`; `tf.keras` is kir then.
    """
    if not any(isinstance(finder, _AliasFinder) for finder in sys.meta_path):
        for name in list(sys.modules):
            if name.partition(".")[0] in PACKAGES:
                del sys.modules[name]
        sys.meta_path.insert(0, _AliasFinder(PACKAGES))
    if tf1 and not any(isinstance(finder, _TensorFlowFinder) for finder in sys.meta_path):
        sys.meta_path[:0] = [_AliasFinder(TENSORFLOW_PACKAGES), _TensorFlowFinder()]
        if TENSORFLOW in sys.modules:
            _put_in_front(sys.modules[TENSORFLOW])
