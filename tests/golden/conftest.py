"""One environment for all golden cases of a process: `import keras` there means kir."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator

import pytest

from .catalogue import GoldenCase
from .checker import aliasing, running

# Neither holds tests.
collect_ignore = ["data", "checker"]

Judge = Callable[[GoldenCase], dict[str, list[str]]]


@pytest.fixture(scope="module")
def environment() -> Iterator[running.Environment]:
    """The package under test; `keras` stands for it until the module's last test is done."""
    before = {name: sys.modules[name] for name in sys.modules if _is_keras(name)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "98")  # the width of the terminal that the reference had
        environment = running.Environment("kir")
        yield environment
    sys.meta_path[:] = [f for f in sys.meta_path if not isinstance(f, aliasing._AliasFinder)]
    for name in [name for name in sys.modules if _is_keras(name)]:
        del sys.modules[name]
    sys.modules.update(before)


@pytest.fixture
def judge(environment: running.Environment) -> Judge:
    """Runs a case and gives ``{sub-check: [problem, ...]}``."""

    def judge(case: GoldenCase) -> dict[str, list[str]]:
        # Some cases do what the reference accepted silently, and kir with a warning.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return running.judge(environment, case.family, case.load())

    return judge


def _is_keras(module: str) -> bool:
    return module.partition(".")[0] == "keras"
