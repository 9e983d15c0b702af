"""Lets `import keras`, and every module below it, mean kir.

A finder at the front of `sys.meta_path` answers for the names that Keras 2.2.4 had: ``keras.x.y``
is the module object ``kir.x.y``, so that a class is the same by either path. Nothing is imported
before a program asks for it.

The package itself is the one exception: ``keras`` is an object of its own that bears Keras's name
and looks everything else up in kir, as ``keras.__name__`` has to be 'keras'.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from kir.errors import MissingModuleError

# What Keras 2.2.4 consisted of: itself, and two packages that it shared with TensorFlow.
PACKAGES = {
    "keras": "kir",
    "keras_applications": "kir.applications",
    "keras_preprocessing": "kir.preprocessing",
}


class _Package(ModuleType):
    """A package's name and place, and the attributes of the one that stands in for it."""

    def __init__(self, name: str, real: ModuleType) -> None:
        super().__init__(name, real.__doc__)
        self.__dict__["_real"] = real
        self.__file__ = real.__file__
        self.__path__ = real.__path__

    def __getattr__(self, name: str) -> Any:
        try:
            return getattr(self._real, name)
        except AttributeError:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}") from None

    def __dir__(self) -> list[str]:
        return dir(self._real)


class _AliasFinder(MetaPathFinder, Loader):
    """Finds a module of Keras as the module of kir that stands in for it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package, _, rest = fullname.partition(".")
        if package not in PACKAGES:
            return None
        real = _import(fullname, f"{PACKAGES[package]}.{rest}".rstrip("."))
        spec = importlib.util.spec_from_loader(
            fullname, self, origin=real.__file__, is_package=hasattr(real, "__path__")
        )
        assert spec is not None
        spec.loader_state = real
        return spec

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        real: ModuleType = spec.loader_state
        if spec.name in PACKAGES:
            return _Package(spec.name, real)
        spec.loader_state = real.__spec__
        return real

    def exec_module(self, module: ModuleType) -> None:
        # The import system has written the alias's spec over the module's own.
        if not isinstance(module, _Package) and module.__spec__ is not None:
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


def install_as_keras() -> None:
    """Makes `import keras` in this process mean kir, with all its submodules.

    Call it before the program's first `import keras`. A Keras that is loaded already loses its
    name; modules that hold it keep it. Calling it again does nothing.
    """
    if any(isinstance(finder, _AliasFinder) for finder in sys.meta_path):
        return
    for name in list(sys.modules):
        if name.partition(".")[0] in PACKAGES:
            del sys.modules[name]
    sys.meta_path.insert(0, _AliasFinder())
