"""What Python 3.6's standard library offered."""

from __future__ import annotations

import collections.abc
import functools
import math
from collections.abc import Callable, Set
from types import ModuleType
from typing import Any, NamedTuple

from kir.former_names._offering import is_called_by_program, offer


def add_base64(module: ModuleType) -> None:
    """Until Python 3.9."""
    offer(module, {"encodestring": module.encodebytes, "decodestring": module.decodebytes})


def add_cgi(module: ModuleType) -> None:
    """Until Python 3.8; `html.escape` took its place."""

    def escape(s: str, quote: bool = False) -> str:
        s = s.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return s.replace('"', "&quot;") if quote else s

    offer(module, {"escape": escape})


def add_collections(module: ModuleType) -> None:
    """`collections.Iterable` and its kin, until Python 3.10."""
    offer(module, {name: getattr(collections.abc, name) for name in collections.abc.__all__})


def add_fractions(module: ModuleType) -> None:
    """Until Python 3.9."""
    offer(module, {"gcd": math.gcd})


def add_html_parser(module: ModuleType) -> None:
    """Until Python 3.9."""
    import html

    offer(module.HTMLParser, {"unescape": lambda self, s: html.unescape(s)})


class ArgSpec(NamedTuple):
    """What `inspect.getargspec` returned."""

    args: list[str]
    varargs: str | None
    keywords: str | None
    defaults: tuple[Any, ...] | None


def add_inspect(module: ModuleType) -> None:
    """`getargspec`, until Python 3.11. Annotations, which it refused, are overlooked."""

    def getargspec(func: Any) -> ArgSpec:
        found = module.getfullargspec(func)
        return ArgSpec(found.args, found.varargs, found.varkw, found.defaults)

    offer(module, {"ArgSpec": ArgSpec, "getargspec": getargspec})


def add_json(module: ModuleType) -> None:
    """`json.load(file, encoding=...)`, which was ignored until Python 3.9."""
    for name in ("load", "loads"):
        setattr(module, name, _ignoring_encoding(getattr(module, name)))


def _ignoring_encoding(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, encoding: Any = None, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return call


def add_os(module: ModuleType) -> None:
    """`os.errno`, which was never meant to be there, until Python 3.7."""
    import errno

    offer(module, {"errno": errno})


def add_random(module: ModuleType) -> None:
    """`sample` of a set, and `shuffle` with a function of random numbers, until Python 3.11."""
    sample, shuffle = module.Random.sample, module.Random.shuffle

    @functools.wraps(sample)
    def of_any(self: Any, population: Any, k: int, **kwargs: Any) -> Any:
        return sample(self, tuple(population) if isinstance(population, Set) else population, k)

    @functools.wraps(shuffle)
    def with_function(self: Any, x: Any, random: Callable[[], float] | None = None) -> None:
        if random is None:
            return shuffle(self, x)
        for i in reversed(range(1, len(x))):
            j = int(random() * (i + 1))
            x[i], x[j] = x[j], x[i]

    module.Random.sample, module.Random.shuffle = of_any, with_function
    vars(module).update(sample=module._inst.sample, shuffle=module._inst.shuffle)


def add_re(module: ModuleType) -> None:
    """`split`, which passed over matches of nothing until Python 3.7."""
    split = module.split

    @functools.wraps(split)
    def passing(pattern: Any, string: Any, maxsplit: int = 0, flags: Any = 0) -> Any:
        compiled = module.compile(pattern, flags)
        if not is_called_by_program() or not compiled.match(string[:0]):
            return split(pattern, string, maxsplit, flags)
        parts, start = [], 0
        for found in compiled.finditer(string):
            if found.end() > found.start():
                parts += [string[start : found.start()], *found.groups()]
                start = found.end()
                maxsplit -= 1
                if not maxsplit:
                    break
        return [*parts, string[start:]]

    vars(module)["split"] = passing


def add_threading(module: ModuleType) -> None:
    """Until Python 3.9."""
    offer(module.Thread, {"isAlive": module.Thread.is_alive})


def add_time(module: ModuleType) -> None:
    """`clock`, until Python 3.8; on Unix the processor's time."""
    offer(module, {"clock": module.process_time})
