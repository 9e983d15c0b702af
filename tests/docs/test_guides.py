"""The code in the guides runs, prints what they say, and their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs import guides
from tests.processes import run_python

# Pages whose programs need no TensorFlow.
LIGHT = {"index", "representation", "writing-a-pass"}
NAVIGATION = guides.ROOT / "mkdocs.yml"
# What the hooks write when the site is built.
GENERATED = re.compile(r"(api/\w+|errors|text-form|kir-file|keras-archive)\.md")


def is_generated(path):
    return GENERATED.fullmatch(path.relative_to(guides.DOCS).as_posix()) is not None


def page_cases():
    for page in guides.PAGES:
        if any(guides.blocks(page)):
            marks = () if page.stem in LIGHT else (pytest.mark.tf, pytest.mark.slow)
            yield pytest.param(page, id=page.stem, marks=marks)


@pytest.mark.parametrize("page", list(page_cases()))
def test_code_runs_and_prints_what_the_page_says(page, tmp_path):
    command = [guides.__file__, page]
    run_python(command, folder=tmp_path, environment={"MPLBACKEND": "Agg"}, timeout=300)


@pytest.mark.parametrize("page", guides.PAGES, ids=lambda page: page.stem)
def test_links_and_pictures_lead_to_files(page):
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text("utf-8")):
        path = link.partition("#")[0]
        if link.startswith("http") or not path:
            continue
        target = (page.parent / path).resolve()
        assert target.exists() or GENERATED.fullmatch(target.relative_to(guides.DOCS).as_posix()), (
            f"{page.name}: {link}"
        )


def test_every_page_is_in_the_navigation():
    listed = set(re.findall(r"[\w/-]+\.md", NAVIGATION.read_text("utf-8")))
    missing = {p.relative_to(guides.DOCS).as_posix() for p in guides.PAGES} - listed
    assert not missing


def test_pictures_are_small():
    pictures = list((guides.DOCS / "images").iterdir())
    assert pictures
    for picture in pictures:
        assert picture.stat().st_size < 100_000, picture.name


@pytest.mark.parametrize(
    ("printed", "wanted", "matches"),
    [
        ("a\n  b", "a b", True),
        ("a b c", "a ... c", True),
        ("a b d", "a ... c", False),
        ("(x)", "(x)", True),
    ],
)
def test_printed_text_is_compared_without_regard_to_blanks(printed, wanted, matches):
    assert guides._matches(printed, wanted) is matches


def test_a_page_that_prints_something_else_fails(tmp_path):
    page = Path(tmp_path / "page.md")
    page.write_text("```python\nprint(1)\n```\n\n```text\n2\n```\n")
    with pytest.raises(AssertionError, match=r"page\.md:2 prints"):
        guides.run(page)
