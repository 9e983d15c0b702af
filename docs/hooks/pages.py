"""Pages that are written when the site is built: the API reference and the error index."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

# A hook is loaded by its path, so its neighbours are found through the folder only.
sys.path.insert(0, str(Path(__file__).parent))

import api_reference
import error_index

ROOT = Path(__file__).parents[2]
SPECIFICATIONS = ("text-form.md", "kir-file.md", "keras-archive.md")


def on_files(files: Files, config: Any) -> Files:
    """Adds the pages to those of the docs folder."""
    pages = {
        **api_reference.pages(),
        "errors.md": error_index.page(),
        # The specifications stand beside the examples and the schema that they name.
        **{name: (ROOT / "specs" / name).read_text("utf-8") for name in SPECIFICATIONS},
    }
    for path, text in pages.items():
        files.append(File.generated(config, path, content=text))
    return files
