"""The code in the pages of `docs/`: which blocks there are, and a program that runs them.

Blocks of a page run in their order, in one folder. Those of Python share their names, as in a
session; of those in sh that call `kir`, all is run. A `text` block right after one of them is what
it prints, where `...` stands for anything.
"""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A block of code, with the line of the page at which it starts."""

    language: str
    code: str
    line: int
    output: str | None = None


def blocks(page: Path) -> Iterator[Block]:
    """What there is to run in a page."""
    text = page.read_text("utf-8")
    found = list(_BLOCK.finditer(text))
    for i, match in enumerate(found):
        follower = found[i + 1] if i + 1 < len(found) else None
        output = None
        is_next = follower is not None and not text[match.end() : follower.start()].strip()
        if follower is not None and is_next and follower[1] == "text":
            output = follower[2]
        line = text.count("\n", 0, match.start()) + 2
        if match[1] == "python" or (match[1] == "sh" and re.search(r"^kir ", match[2], re.M)):
            yield Block(match[1], match[2], line, output)


def run(page: Path) -> None:
    """Runs the blocks of a page in the current folder, and compares what they print."""
    names = {"__name__": "__main__"}
    for block in blocks(page):
        printed = _run_python(page, block, names) if block.language == "python" else _run_sh(block)
        if block.output is not None:
            assert _matches(printed, block.output), (
                f"{page.name}:{block.line} prints\n{printed}\nnot\n{block.output}"
            )


def _run_python(page: Path, block: Block, names: dict[str, str]) -> str:
    out = io.StringIO()
    # Line numbers in tracebacks are those of the page.
    code = compile("\n" * (block.line - 1) + block.code, str(page), "exec")
    with contextlib.redirect_stdout(out):
        exec(code, names)
    return out.getvalue()


def _run_sh(block: Block) -> str:
    program = f'kir() {{ "{sys.executable}" -m runtime.cli "$@"; }}\n{block.code}'
    done = subprocess.run(["bash", "-e", "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, f"{block.code}\n{done.stdout}{done.stderr}"
    return done.stdout


def _matches(printed: str, wanted: str) -> bool:
    parts = [re.escape(part) for part in " ".join(wanted.split()).split("...")]
    return re.fullmatch(".*".join(parts), " ".join(printed.split())) is not None


if __name__ == "__main__":
    run(Path(sys.argv[1]))
