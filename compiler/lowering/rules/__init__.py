"""One file a family; importing this package registers every lowering."""

from compiler.lowering.rules import (  # noqa: F401
    advanced_activations,
    convolutional,
    convolutional_recurrent,
    core,
    cudnn_recurrent,
    embeddings,
    functional,
    legacy,
    local,
    losses,
    merge,
    noise,
    normalization,
    optimizers,
    pooling,
    recurrent,
    state,
    wrappers,
)
