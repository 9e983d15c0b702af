"""What a name of TensorFlow 1's stands for."""

from __future__ import annotations

import functools
import importlib
import inspect
from typing import Any

import numpy as np

from compiler.dispatch import connect
from compiler.tensorflow import internal, tf
from compiler.tensorflow_1 import (
    distributions,
    exporting,
    graphs,
    layers,
    metrics,
    pipelines,
    queues,
    readers,
    saving,
    summaries,
    training,
    variables,
)
from compiler.tensorflow_1.accounts import keep_account
from compiler.tensorflow_1.namespaces import namespace
from compiler.tensorflow_1.recorded import recorded
from kir import backend as K
from kir.engine.static_shape import plain_sizes
from kir.engine.tensor import Tensor, is_symbolic
from kir.errors import DTypeError, MissingAttributeError

v1 = tf.compat.v1

# The last release before Keras 2.2.4 that programs ask about.
VERSION = "1.12.0"

# Names with nothing left behind them, and what to write instead.
GONE = {
    "estimator": "Use a Keras model's fit and predict",
    "feature_column": "Prepare the columns with NumPy",
    "distribute": "Compile the model with Keras instead",
}

# Keras's backend drew these anew in every run; called on plain numbers TensorFlow would draw once.
RANDOM = (
    "multinomial",
    "random_crop",
    "random_gamma",
    "random_normal",
    "random_poisson",
    "random_shuffle",
    "random_uniform",
    "truncated_normal",
)


# TensorFlow leaves these out of its dispatch.
UNDISPATCHED = ("arg_max", "arg_min", "fft", "fft2d", "fft3d", "ifft", "ifft2d", "ifft3d")


def find(name: str) -> Any:
    """The function, class or module `tf.<name>`.

    Raises:
        MissingAttributeError: there is none.
    """
    connect()
    # A program that cannot but use the old names need not be told of newer ones.
    internal("util.deprecation")._PRINT_DEPRECATION_WARNINGS = False  # type: ignore[attr-defined]
    if name in GONE:
        raise MissingAttributeError(
            f"TensorFlow {tf.__version__} has no tf.{name}, and kir has no stand-in for it. "
            f"{GONE[name]}."
        )
    if name in _own():
        return _own()[name]
    for source in (v1, tf):
        found = getattr(source, name, None)
        if found is not None:
            return found
    raise MissingAttributeError(
        f"Neither TensorFlow 1 nor TensorFlow {tf.__version__} has a tf.{name} that kir can offer."
    )


@functools.cache
def _own() -> dict[str, Any]:
    keep_account()
    # A tensor that does not depend on symbolic values is computed already, and refuses `eval`.
    internal("framework.ops").EagerTensor.eval = lambda tensor, *_, **__: tensor.numpy()  # type: ignore[attr-defined]
    return {
        "__version__": VERSION,
        "VERSION": VERSION,
        "newaxis": None,
        "contrib": importlib.import_module("compiler.tensorflow_1.contrib"),
        "keras": importlib.import_module("kir"),
        "placeholder": placeholder,
        "placeholder_with_default": placeholder_with_default,
        "concat": concat,
        "constant": constant,
        "custom_gradient": custom_gradient,
        "metrics": metrics.METRICS,
        "random": namespace(v1.random, _drawn("random", dir(v1.random))),
        "data": pipelines.offer_iterators(),
        "train": namespace(
            v1.train,
            {
                **training.NAMES,
                **queues.TRAIN,
                "Saver": saving.Saver,
                "import_meta_graph": graphs.import_meta_graph,
            },
        ),
        "graph_util": namespace(v1.graph_util, exporting.GRAPH_UTIL),
        "saved_model": namespace(v1.saved_model, exporting.saved_model_names()),
        "distributions": namespace(v1.distributions, distributions.NAMES),
        "layers": layers,
        "spectral": namespace(v1.spectral, _undispatched(v1.spectral, dir(v1.spectral))),
        "summary": namespace(v1.summary, summaries.NAMES),
        **graphs.NAMES,
        **readers.READERS,
        **variables.NAMES,
        **_drawn("", RANDOM),
        **_undispatched(v1, UNDISPATCHED),
    }


def _undispatched(home: Any, names: Any) -> dict[str, Any]:
    found = {n: getattr(home, n) for n in names if not n.startswith("_")}
    return {n: recorded(function) for n, function in found.items() if callable(function)}


def _drawn(path: str, names: Any) -> dict[str, Any]:
    """Random functions, recorded whatever they are applied to: each run draws anew."""
    home = getattr(v1, path) if path else v1
    chosen = [n for n in names if n in RANDOM or (path and n in ("normal", "uniform"))]
    place = f"compat.v1.{path}." if path else "compat.v1."
    return {n: recorded(getattr(home, n), place + n, always=True) for n in chosen}


def concat(values: Any, axis: Any, name: str = "concat") -> Any:
    """`tf.concat`, which programs called with the axis first before TensorFlow 1.0.

    Raises:
        DTypeError: the axis is a list of tensors, as TensorFlow 1 told such programs.
    """
    if isinstance(values, int):
        raise DTypeError(
            f"tf.concat takes the tensors first, then the axis; got {values!r} as the tensors. "
            f"Write tf.concat(tensors, {values!r})."
        )
    return v1.concat(values, axis, name)


def placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> Any:
    """`tf.placeholder`: a tensor whose value is fed when something is run."""
    return K.placeholder(_sizes(shape), dtype=tf.as_dtype(dtype).name, name=name)


def placeholder_with_default(input: Any, shape: Any, name: str | None = None) -> Any:
    """`tf.placeholder_with_default`: a placeholder that need not be fed."""
    if is_symbolic(input):
        return input
    value = tf.constant(np.asarray(input))
    made: Tensor = K.placeholder(_sizes(shape), dtype=value.dtype.name, name=name)
    made.fixed_value = value  # type: ignore[attr-defined]
    return made


def constant(*args: Any, **kwargs: Any) -> Any:
    """`tf.constant`: a tensor of the one graph, in whatever function it is made."""
    with internal("eager.context").eager_mode():
        return v1.constant(*args, **kwargs)


def custom_gradient(f: Any = None) -> Any:
    """`tf.custom_gradient`: a function with a gradient of its own, of symbolic values too."""
    if f is None:
        return custom_gradient
    made, signature = v1.custom_gradient(f), inspect.signature(f)

    @recorded
    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        # In graphs TensorFlow takes tensors by position alone.
        given = signature.bind(*args, **kwargs)
        return made(*given.args, **given.kwargs)

    return call


def _sizes(shape: Any) -> Any:
    if shape is None:
        return None
    if isinstance(shape, tuple | list):
        return plain_sizes(shape)
    shape = tf.TensorShape(shape)
    return None if shape.rank is None else tuple(shape.as_list())
