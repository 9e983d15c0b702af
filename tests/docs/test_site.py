"""The documentation as a site: it builds without a warning, and its error index tells the truth."""

from __future__ import annotations

import importlib.util
import sys

import pytest

from tests.docs.guides import DOCS, ROOT
from tests.processes import run_python

sys.path.insert(0, str(DOCS / "hooks"))
import error_index

CLASSES = {found.__name__: found for found in error_index.classes()}
ENTRIES = error_index.entries()


def test_every_error_has_an_entry_and_every_entry_an_error():
    assert ENTRIES.keys() == CLASSES.keys()
    assert all("mend" in entry for entry in ENTRIES.values())


@pytest.mark.tf
@pytest.mark.parametrize("name", [n for n in ENTRIES if "program" in ENTRIES[n]])
def test_the_program_of_an_error_raises_it(name):
    assert type(error_index.raised_by(ENTRIES[name]["program"])) is CLASSES[name]


def test_a_program_that_raises_nothing_is_noticed():
    with pytest.raises(RuntimeError, match="raises nothing"):
        error_index.raised_by("pass")


@pytest.mark.tf
@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path):
    for package in ("mkdocs", "material", "mkdocstrings_handlers"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed: pip install 'kir[docs]'")
    command = ["-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path]
    run_python(command, folder=ROOT, environment={"NO_MKDOCS_2_WARNING": "1"}, timeout=600)
    layers = (tmp_path / "api" / "layers.html").read_text("utf-8")
    assert 'id="kir.layers.core.Dense"' in layers
    # A reader's browser fetches nothing from elsewhere.
    for page in tmp_path.rglob("*.html"):
        text = page.read_text("utf-8")
        assert 'src="http' not in text, page.name
        assert 'stylesheet" href="http' not in text, page.name
