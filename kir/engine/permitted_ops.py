"""Which ops a graph from a file may apply: those that compute, and nothing that acts.

An op of the dialect `tf` is named after a function of TensorFlow's, and some of those read and
write files, load libraries or change the process. A file comes from anyone, so that its ops are
looked up in lists of what is known to be harmless.
"""

from __future__ import annotations

from kir.errors import UnsafeFileError
from kir.ir import ops
from kir.ir.graph import Node

_WITH_REGIONS = frozenset({"k.rnn", "k.map_fn", "k.foldl", "k.foldr", "k.switch"})

_NAMESPACES = frozenset(
    {"__operators__", "bitwise", "dtypes", "image", "linalg", "math", "nn", "quantization"}
    | {"ragged", "random", "sets", "signal", "sparse", "strings"}
)

_FUNCTIONS = frozenset(
    word
    for line in (
        "abs acos acosh add add_n argmax argmin argsort as_string asin asinh atan atan2 atanh",
        "batch_to_space bitcast boolean_mask broadcast_dynamic_shape broadcast_static_shape",
        "broadcast_to cast ceil clip_by_global_norm clip_by_norm clip_by_value complex concat",
        "conj constant convert_to_tensor cos cosh count_nonzero cumprod cumsum depth_to_space div",
        "div_no_nan divide dynamic_partition dynamic_stitch edit_distance einsum ensure_shape",
        "equal erf exp expand_dims expm1 eye fill floor floor_div floordiv floormod gather",
        "gather_nd grad_pass_through gradients greater greater_equal histogram_fixed_width",
        "identity identity_n imag invert_permutation is_finite is_inf is_nan less less_equal",
        "lgamma linspace log log1p log_sigmoid logical_and logical_not logical_or logical_xor",
        "matmul matrix_band_part matrix_diag matrix_inverse matrix_transpose maximum meshgrid",
        "minimum mod multinomial multiply negative norm not_equal one_hot ones ones_like pad",
        "parallel_stack pow random_normal random_shuffle random_uniform range rank real realdiv",
        "reciprocal reduce_all reduce_any reduce_logsumexp reduce_max reduce_mean reduce_min",
        "reduce_prod reduce_sum repeat reshape reverse reverse_sequence reverse_v2 rint roll",
        "round rsqrt saturate_cast scalar_mul scatter_nd searchsorted segment_max segment_mean",
        "segment_min segment_prod segment_sum sequence_mask shape shape_n sigmoid sign sin sinh",
        "size slice sort space_to_batch space_to_batch_nd space_to_depth sparse_to_dense split",
        "sqrt square squared_difference squeeze stack stop_gradient strided_slice subtract tan",
        "tanh tensor_scatter_nd_add tensor_scatter_nd_max tensor_scatter_nd_min",
        "tensor_scatter_nd_sub tensor_scatter_nd_update tensordot tile to_double to_float",
        "to_int32 to_int64 transpose truediv truncated_normal truncatediv truncatemod unique",
        "unique_with_counts unravel_index unsorted_segment_sum unstack where where_v2 zeros",
        "zeros_like",
    )
    for word in line.split()
)
# Of the namespaces, what changes the state of the process.
_ACTING = ("set_", "create_", "get_global", "reset_")


def check_op(node: Node, label: str) -> None:
    """Refuses an op that does anything but compute.

    Args:
        node: of a graph from a file, of the dialect `k` or `tf`.
        label: the layer that applies it, for messages.

    Raises:
        UnsafeFileError: the op is not known to be harmless.
    """
    if not _is_harmless(node.op):
        raise UnsafeFileError(
            f"{label} applies {node.op}, which is not read from a file: only ops that compute are. "
            "Pass the layer's class or function in `custom_objects`."
        )


def _is_harmless(op: str) -> bool:
    dialect, _, path = op.partition(".")
    if dialect == "k":
        return ops.find(op) is not None or op in _WITH_REGIONS
    parts = path.split(".")
    if parts[:2] == ["compat", "v1"]:
        parts = parts[2:]
    if len(parts) == 1:
        return parts[0] in _FUNCTIONS
    *spaces, name = parts
    is_plain = name.islower() or spaces == ["__operators__"]
    return (
        bool(spaces)
        and spaces[0] in _NAMESPACES
        and is_plain
        and not name.startswith(_ACTING)
        and not any(part.startswith("_") and part != "__operators__" for part in parts)
    )
