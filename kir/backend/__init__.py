"""The backend `K`: Keras's functions on tensors, symbolic or computed.

On symbolic tensors and variables a function records a node `k.<name>`; on tensors of TensorFlow it
computes. Importing this package needs no TensorFlow.

Functions on tensors accept variables and numbers too, and are recorded or computed alike.

Reference:
    https://keras.io/backend (Keras 2.2.4).
"""

from __future__ import annotations

from kir._lazy import lazy_names
from kir.backend import common as common
from kir.backend import methods, operators
from kir.backend.comparison import equal, greater, greater_equal, less, less_equal, not_equal
from kir.backend.control import (
    in_test_phase,
    in_train_phase,
    learning_phase,
    set_learning_phase,
    switch,
)
from kir.backend.conv import (
    bias_add,
    conv1d,
    conv2d,
    conv2d_transpose,
    conv3d,
    conv3d_transpose,
    depthwise_conv2d,
    local_conv1d,
    local_conv2d,
    separable_conv1d,
    separable_conv2d,
)
from kir.backend.creation import (
    arange,
    cast,
    constant,
    identity,
    ones_like,
    print_tensor,
    shape,
    stop_gradient,
    zeros_like,
)
from kir.backend.ctc import ctc_batch_cost, ctc_decode, ctc_label_dense_to_sparse
from kir.backend.differentiation import gradients
from kir.backend.elementwise import (
    abs,
    clip,
    cos,
    exp,
    log,
    maximum,
    minimum,
    pow,
    round,
    sign,
    sin,
    sqrt,
    square,
)
from kir.backend.linalg import batch_dot, dot, gather, transpose
from kir.backend.loops import foldl, foldr, map_fn, rnn
from kir.backend.nn import (
    binary_crossentropy,
    categorical_crossentropy,
    elu,
    hard_sigmoid,
    in_top_k,
    l2_normalize,
    relu,
    sigmoid,
    softmax,
    softplus,
    softsign,
    sparse_categorical_crossentropy,
    tanh,
)
from kir.backend.normalization import batch_normalization, normalize_batch_in_training
from kir.backend.pooling import pool2d, pool3d
from kir.backend.random import (
    dropout,
    random_binomial,
    random_normal,
    random_uniform,
    truncated_normal,
)
from kir.backend.reductions import (
    all,
    any,
    argmax,
    argmin,
    cumprod,
    cumsum,
    logsumexp,
    max,
    mean,
    min,
    prod,
    std,
    sum,
    var,
)
from kir.backend.session import Function, function, get_session, set_session
from kir.backend.shapes import (
    batch_flatten,
    concatenate,
    expand_dims,
    flatten,
    one_hot,
    permute_dimensions,
    repeat,
    repeat_elements,
    reshape,
    resize_images,
    resize_volumes,
    reverse,
    slice,
    spatial_2d_padding,
    spatial_3d_padding,
    squeeze,
    stack,
    temporal_padding,
    tile,
)
from kir.backend.sparse import is_sparse, to_dense
from kir.backend.values import (
    batch_get_value,
    batch_set_value,
    count_params,
    dtype,
    eval,
    eye,
    get_value,
    get_variable_shape,
    int_shape,
    is_keras_tensor,
    is_placeholder,
    is_tensor,
    manual_variable_initialization,
    moving_average_update,
    ndim,
    ones,
    placeholder,
    random_normal_variable,
    random_uniform_variable,
    set_value,
    update,
    update_add,
    update_sub,
    variable,
    zeros,
)
from kir.engine.executor import executor
from kir.engine.names import name_scope
from kir.settings import (
    cast_to_floatx,
    clear_session,
    epsilon,
    floatx,
    get_uid,
    image_data_format,
    image_dim_ordering,
    normalize_data_format,
    reset_uids,
    set_epsilon,
    set_floatx,
    set_image_data_format,
    set_image_dim_ordering,
)

_BACKEND = "tensorflow"

# Symbolic tensors have their operators once the backend is there, whatever of it is used.
operators.install()
methods.install()


def backend() -> str:
    """Returns the name of the backend: 'tensorflow'."""
    return _BACKEND


__all__ = [
    "Function",
    "abs",
    "all",
    "any",
    "arange",
    "argmax",
    "argmin",
    "backend",
    "batch_dot",
    "batch_flatten",
    "batch_get_value",
    "batch_normalization",
    "batch_set_value",
    "bias_add",
    "binary_crossentropy",
    "cast",
    "cast_to_floatx",
    "categorical_crossentropy",
    "clear_session",
    "clip",
    "concatenate",
    "constant",
    "conv1d",
    "conv2d",
    "conv2d_transpose",
    "conv3d",
    "conv3d_transpose",
    "cos",
    "count_params",
    "ctc_batch_cost",
    "ctc_decode",
    "ctc_label_dense_to_sparse",
    "cumprod",
    "cumsum",
    "depthwise_conv2d",
    "dot",
    "dropout",
    "dtype",
    "elu",
    "epsilon",
    "equal",
    "eval",
    "exp",
    "expand_dims",
    "eye",
    "flatten",
    "floatx",
    "foldl",
    "foldr",
    "function",
    "gather",
    "get_session",
    "get_uid",
    "get_value",
    "get_variable_shape",
    "gradients",
    "greater",
    "greater_equal",
    "hard_sigmoid",
    "identity",
    "image_data_format",
    "image_dim_ordering",
    "in_test_phase",
    "in_top_k",
    "in_train_phase",
    "int_shape",
    "is_keras_tensor",
    "is_placeholder",
    "is_sparse",
    "is_tensor",
    "l2_normalize",
    "learning_phase",
    "less",
    "less_equal",
    "local_conv1d",
    "local_conv2d",
    "log",
    "logsumexp",
    "manual_variable_initialization",
    "map_fn",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "moving_average_update",
    "name_scope",
    "ndim",
    "normalize_batch_in_training",
    "normalize_data_format",
    "not_equal",
    "one_hot",
    "ones",
    "ones_like",
    "permute_dimensions",
    "placeholder",
    "pool2d",
    "pool3d",
    "pow",
    "print_tensor",
    "prod",
    "random_binomial",
    "random_normal",
    "random_normal_variable",
    "random_uniform",
    "random_uniform_variable",
    "relu",
    "repeat",
    "repeat_elements",
    "reset_uids",
    "reshape",
    "resize_images",
    "resize_volumes",
    "reverse",
    "rnn",
    "round",
    "separable_conv1d",
    "separable_conv2d",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "set_image_dim_ordering",
    "set_learning_phase",
    "set_session",
    "set_value",
    "shape",
    "sigmoid",
    "sign",
    "sin",
    "slice",
    "softmax",
    "softplus",
    "softsign",
    "sparse_categorical_crossentropy",
    "spatial_2d_padding",
    "spatial_3d_padding",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "stop_gradient",
    "sum",
    "switch",
    "tanh",
    "temporal_padding",
    "tile",
    "to_dense",
    "transpose",
    "truncated_normal",
    "update",
    "update_add",
    "update_sub",
    "var",
    "variable",
    "zeros",
    "zeros_like",
]

# Names that Keras's backend had from TensorFlow; programs say `K.tf.image.resize`.
_TENSORFLOW_NAMES = (
    "config_pb2",
    "control_flow_ops",
    "device_lib",
    "functional_ops",
    "moving_averages",
    "tensor_array_ops",
    "tf",
    "tf_ops",
)
# What Keras's module also offers because it imports it.


_OTHERS = lazy_names(
    __name__,
    {
        "has_arg": "kir.utils.generic_utils:has_arg",
        "StrictVersion": "packaging.version:Version",
        "importlib": "importlib",
        "np": "numpy",
        "py_all": "builtins:all",
        "py_any": "builtins:any",
        "py_slice": "builtins:slice",
        "py_sum": "builtins:sum",
        "tensorflow_backend": "kir.backend.tensorflow_backend",
        "transpose_shape": "kir.utils.generic_utils:transpose_shape",
    },
)


# Keras 2.2: the file of the user's settings, as the reading of it leaves it behind.
f = None


def __getattr__(name: str) -> object:
    if name in _TENSORFLOW_NAMES:
        return executor().tensorflow_name(name)
    return _OTHERS(name)
