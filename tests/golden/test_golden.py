"""kir against what Keras 2.2.4 computed, printed and wrote: see README.md in this folder."""

from __future__ import annotations

import random

import pytest

from . import catalogue
from .catalogue import GoldenCase, Pattern
from .checker import running

pytestmark = pytest.mark.tf

SELF_TEST_CASES = 6  # of each family
SELF_TEST_VALUES = 4  # of each of these cases


def is_pending(case: GoldenCase) -> bool:
    return any(pattern.matches(case) for pattern in catalogue.pending())


def parameters() -> list:
    rows = []
    for case in catalogue.all_cases():
        reasons = [p.reason for p in catalogue.pending() if p.matches(case)]
        marks = [pytest.mark.skip(reason=f"pending: {reasons[0]}")] if reasons else []
        if any(pattern.matches(case) for pattern in catalogue.slow()):
            marks.append(pytest.mark.slow)
        rows.append(pytest.param(case, id=case.id, marks=marks))
    return rows


@pytest.mark.parametrize("case", parameters())
def test_golden(case, judge):
    results = judge(case)
    assert results, "nothing was checked"
    problems = [f"{check}: {text}" for check, texts in results.items() for text in texts]
    if problems:  # without a traceback: it would only show this function
        pytest.fail("\n".join([f"{case.id} differs from Keras 2.2.4", *problems]), pytrace=False)


def test_every_pattern_matches_a_case():
    patterns = [*catalogue.pending(), *catalogue.slow()]
    cases = catalogue.all_cases()
    assert not [p.glob for p in patterns if not any(p.matches(case) for case in cases)]


@pytest.mark.slow
@pytest.mark.parametrize("pattern", catalogue.pending(), ids=lambda p: p.glob)
def test_pending_pattern_is_still_needed(pattern: Pattern, judge):
    cases = [case for case in catalogue.all_cases() if pattern.matches(case)]
    still_fails = any(any(judge(case).values()) for case in cases)
    assert still_fails, (
        f"all cases of {pattern.glob!r} pass: remove it from {catalogue.PENDING.name}"
    )


@pytest.mark.slow
@pytest.mark.parametrize("family", catalogue.FAMILIES)
def test_falsified_values_are_noticed(family, environment):
    """The checker itself: a wanted value that is changed must make its case fail."""
    index = catalogue.read_index(family)
    candidates = [c for c in catalogue.all_cases() if c.family == family and not is_pending(c)]
    if not candidates:
        pytest.skip("every case of the family is pending")
    tried = 0
    for case in random.Random(family).sample(candidates, min(SELF_TEST_CASES, len(candidates))):
        falsified, unnoticed, _, lost = running.self_test(
            environment,
            family,
            str(catalogue.DATA / family),
            index["cases"][case.position],
            index.get("tolerance", {}),
            SELF_TEST_VALUES,
        )
        assert lost is None, f"{case.id} does not pass: {lost}"
        assert not unnoticed, f"{case.id}: nobody noticed other values of {unnoticed}"
        tried += falsified
    assert tried
