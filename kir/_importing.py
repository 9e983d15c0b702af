"""Finders for `sys.meta_path`: names that mean other modules, and additions to modules.

Nothing is imported before a program asks for it.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from kir.errors import MissingModuleError


class StandIn(ModuleType):
    """A package's name and place, with the attributes of something else.

    Args:
        name: the name that it bears.
        real: what it stands for.
        find: looks an attribute up.
        explains: whether `find` says itself what is wrong with a name that it does not know.
    """

    def __init__(
        self, name: str, real: ModuleType, find: Callable[[str], Any], explains: bool = False
    ) -> None:
        super().__init__(name, real.__doc__)
        self.__dict__.update(_real=real, _find=find, _explains=explains)
        self.__file__ = real.__file__
        self.__path__ = real.__path__

    def __getattr__(self, name: str) -> Any:
        try:
            return self._find(name)
        except AttributeError as error:
            text = f"module {self.__name__!r} has no attribute {name!r}"
            raise type(error)(str(error) if self._explains else text) from None

    def __dir__(self) -> list[str]:
        return dir(self._real)


def unwrapped(module: ModuleType) -> ModuleType:
    """The real module behind a stand-in."""
    return module._real if isinstance(module, StandIn) else module


class AliasFinder(MetaPathFinder, Loader):
    """Finds a module as the one that stands in for it.

    Args:
        packages: the real package or module by the name that stands for it.
        named: whether a package itself is an object of its own that bears the name.
        explain: the message where a name stands for nothing.
    """

    def __init__(
        self,
        packages: Mapping[str, str],
        named: bool = True,
        explain: Callable[[str], str] = "No module named {!r}".format,
    ) -> None:
        self.packages = packages
        self._named = named
        self._explain = explain

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package = next((p for p in self.packages if f"{fullname}.".startswith(f"{p}.")), None)
        if package is None:
            return None
        real = self._import(fullname, self.packages[package] + fullname[len(package) :])
        spec = importlib.util.spec_from_loader(
            fullname, self, origin=real.__file__, is_package=hasattr(real, "__path__")
        )
        assert spec is not None
        spec.loader_state = real
        return spec

    def _import(self, alias: str, real: str) -> ModuleType:
        try:
            return importlib.import_module(real)
        except ModuleNotFoundError as error:
            # A package that an existing module needs and misses is another matter.
            if error.name is None or not f"{real}.".startswith(f"{error.name}."):
                raise
        raise MissingModuleError(self._explain(alias), name=alias)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        real: ModuleType = spec.loader_state
        if self._named and spec.name in self.packages:
            return StandIn(spec.name, real, lambda name: getattr(real, name))
        spec.loader_state = real.__spec__
        return real

    def exec_module(self, module: ModuleType) -> None:
        # The import system has written the alias's spec over the module's own.
        if not isinstance(module, StandIn) and module.__spec__ is not None:
            module.__spec__ = module.__spec__.loader_state


class AfterImport(MetaPathFinder, Loader):
    """Does something with modules once they are loaded.

    Args:
        actions: what, by the name of the module.
    """

    def __init__(self, actions: Mapping[str, Callable[[ModuleType], None]]) -> None:
        self.actions = actions
        self._asking: set[str] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self.actions or fullname in self._asking:
            return None
        self._asking.add(fullname)
        try:
            real = importlib.util.find_spec(fullname)
        finally:
            self._asking.discard(fullname)
        if real is None or real.loader is None:
            return None
        is_package = real.submodule_search_locations is not None
        spec = ModuleSpec(fullname, self, origin=real.origin, is_package=is_package)
        spec.submodule_search_locations = real.submodule_search_locations
        spec.loader_state = real
        return spec

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return importlib.util.module_from_spec(spec.loader_state)

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        real: ModuleSpec = module.__spec__.loader_state
        assert real.loader is not None
        # The import system has written our spec over the module's own.
        module.__spec__, module.__loader__ = real, real.loader
        # By this other threads see that they have to wait for the module.
        real._initializing = True  # type: ignore[attr-defined]
        try:
            real.loader.exec_module(module)
            self.actions[real.name](module)
        finally:
            real._initializing = False  # type: ignore[attr-defined]
