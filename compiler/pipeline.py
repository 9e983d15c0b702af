"""The compiler's plan on one page: which passes run for which program, in which order."""

from __future__ import annotations

from collections.abc import Sequence

from compiler.passes.drop_inactive import DropInactive
from compiler.passes.fold_batch_norm import FoldBatchNorm
from compiler.passes.fuse_crossentropy import FuseCrossentropy
from compiler.passes.inline_networks import InlineNetworks
from compiler.passes.rewriting import Pass
from kir.errors import VerificationError
from kir.ir.graph import Graph
from kir.ir.verifier import verify

TRAIN: tuple[Pass, ...] = (InlineNetworks(), FuseCrossentropy())
EVALUATE: tuple[Pass, ...] = (
    InlineNetworks(),
    DropInactive(),
    FoldBatchNorm(),
    FuseCrossentropy(),
)
PREDICT: tuple[Pass, ...] = (InlineNetworks(), DropInactive(), FoldBatchNorm())
INSPECT: tuple[Pass, ...] = (InlineNetworks(),)

# Tests switch this on: the graph is then verified after every pass, not only at first.
VERIFY_EACH_PASS = False


def run_passes(graph: Graph, passes: Sequence[Pass]) -> Graph:
    """Verifies the graph, then rewrites it pass by pass.

    Raises:
        VerificationError: the graph is wrong, or a pass made it so; says which.
    """
    verify(graph)
    done: list[str] = []
    for one in passes:
        graph = one.run(graph)
        done.append(one.name)
        if VERIFY_EACH_PASS:
            try:
                verify(graph)
            except VerificationError as error:
                error.add_note(f"After the passes {', '.join(done)}.")
                raise
    return graph


def dump_passes(graph: Graph, passes: Sequence[Pass]) -> list[tuple[str, str]]:
    """The text of the graph after each pass, with the pass's name; the first is ``input``."""
    found = [("input", str(graph))]
    for one in passes:
        graph = one.run(graph)
        found.append((one.name, str(graph)))
    return found
