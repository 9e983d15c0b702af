"""One file a family; importing this package registers every lowering."""

from compiler.lowering.rules import (  # noqa: F401
    convolutional,
    core,
    embeddings,
    functional,
    losses,
    merge,
    normalization,
    pooling,
    recurrent,
    state,
)
