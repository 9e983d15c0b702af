"""Random graphs for property tests."""

from __future__ import annotations

from functools import cache

import numpy as np
from hypothesis import strategies as st

from kir.ir import Graph, Node, Opaque, Ref, TensorType, Value, Weight
from kir.ir.attributes import ARRAY_DTYPES
from kir.ir.types import DTYPE_NAMES

# Names that need no quotes, that do, that a program may take for its own words, and none.
NAMES = st.one_of(
    st.sampled_from(
        ["x", "x", "dense_1", "conv/kernel:0", "a:", "x#2", "层", "return", "", 'q"', "1"]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
)
SIZES = st.one_of(st.none(), st.integers(0, 5), st.just(2**40))
TYPES = st.builds(
    TensorType,
    st.sampled_from(sorted(DTYPE_NAMES)),
    st.one_of(st.none(), st.lists(SIZES, max_size=4).map(tuple)),
    st.booleans(),
)
STATIC_TYPES = st.builds(
    TensorType, st.sampled_from(sorted(DTYPE_NAMES)), st.lists(st.integers(0, 9)).map(tuple)
)


@st.composite
def arrays(draw) -> np.ndarray:
    # bfloat16 needs ml_dtypes, which the language does not.
    dtype = np.dtype(draw(st.sampled_from(sorted(ARRAY_DTYPES - {"bfloat16"}))))
    shape = tuple(draw(st.lists(st.integers(0, 9), max_size=3)))
    size = int(np.prod(shape, dtype=int))
    if dtype == np.bool_:
        return np.resize(np.array(draw(st.lists(st.booleans(), min_size=1)), dtype), shape)
    if draw(st.booleans()):
        data = draw(st.binary(min_size=dtype.itemsize, max_size=dtype.itemsize)) * size
        return np.frombuffer(data, dtype, size).reshape(shape)
    return np.resize(np.arange(7).astype(dtype), shape)


# Cached, as building the strategy takes longer than drawing from it.
@cache
def attributes(operands: int = 0) -> st.SearchStrategy:
    plain = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
        NAMES.map(Opaque),
        arrays(),
        *([st.integers(0, operands - 1).map(Ref)] if operands else []),
    )
    return st.recursive(
        plain,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.lists(inner, max_size=3).map(tuple),
            st.dictionaries(NAMES, inner, max_size=3),
        ),
        max_leaves=4,
    )


@cache
def named_attributes(operands: int = 0) -> st.SearchStrategy:
    return st.dictionaries(NAMES, attributes(operands), max_size=2)


CONFIGS = st.one_of(st.none(), named_attributes())
WEIGHTS = st.builds(Weight, STATIC_TYPES, NAMES, CONFIGS, CONFIGS, CONFIGS, st.booleans())


@st.composite
def graphs(draw, input_types=None, output_types=None, weights=None, depth: int = 0) -> Graph:
    """Valid graphs; with types and weights given, one that fits into a node as its region."""
    if weights is None:
        weights = draw(st.lists(WEIGHTS, max_size=3))
    if input_types is None:
        input_types = draw(st.lists(TYPES, max_size=3))
    inputs = [Value(type, draw(NAMES)) for type in input_types]
    values: list[Value] = [*inputs, *weights]
    nodes: list[Node] = []
    for _ in range(draw(st.integers(0, 4))):
        nodes.append(draw(_nodes(values, weights, depth)))
        values.extend(nodes[-1].outputs)
    if output_types is not None:
        nodes.append(Node("k.make", [], output_types, output_names=[draw(NAMES)] * 9))
        outputs: list[Value] = list(nodes[-1].outputs)
    else:
        outputs = draw(st.lists(st.sampled_from(values), max_size=3)) if values else []
    return Graph(draw(NAMES), inputs, outputs, nodes, draw(named_attributes()))


@st.composite
def _nodes(draw, values: list[Value], weights: list[Weight], depth: int) -> Node:
    some = st.lists(st.sampled_from(values), max_size=3) if values else st.just([])
    inputs = draw(some)
    masks = []
    if values and draw(st.booleans()):
        masks = [draw(st.one_of(st.none(), st.sampled_from(values))) for _ in inputs]
    output_types = draw(st.lists(TYPES, max_size=2))
    region = None
    if depth < 2 and draw(st.integers(0, 5)) == 0:
        region = draw(graphs([v.type for v in inputs], output_types, weights, depth + 1))
    return Node(
        draw(st.sampled_from(["keras.Dense_", "k.f", "tf.image.resize", "user.层"])),
        inputs,
        output_types,
        name=draw(NAMES),
        masks=masks,
        attributes=draw(named_attributes(len(inputs))),
        arguments=draw(named_attributes(len(inputs))),
        weights=draw(st.lists(st.sampled_from(weights), max_size=2)) if weights else [],
        region=region,
        output_names=[draw(NAMES) for _ in output_types],
    )
