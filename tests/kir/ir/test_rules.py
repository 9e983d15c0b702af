"""Every rule of the specification is cited by a check and by a test, and no other rule is."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
RULE = re.compile(r"\b(?:TEXT|IR)\.\d+\b")


def rules(*files: Path) -> set[str]:
    # A regular expression in a test writes the full stop as `\.`.
    return {rule for file in files for rule in RULE.findall(file.read_text().replace("\\.", "."))}


SPECIFIED = rules(ROOT / "specs/text-form.md")


def test_the_specification_numbers_its_rules():
    for prefix in ("TEXT", "IR"):
        numbers = [int(rule.split(".")[1]) for rule in SPECIFIED if rule.startswith(prefix)]
        assert sorted(numbers) == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("folder", ["kir/ir", "tests/kir/ir"])
def test_rules_are_cited(folder):
    assert rules(*(ROOT / folder).glob("*.py")) == SPECIFIED
