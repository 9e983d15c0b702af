"""Calls of the backend with the types they give: checked without and with TensorFlow.

In the expressions `x` is f32[?,3,4], `m` is f32[?,4], `w` a variable f32[4,5], `i` is i32[?,3],
`b` is bool[?,3], `im` is f32[?,6,8,2], `v` is f32[?,4,4,4,1].
"""

from kir import backend as K

CALLS = [
    # element-wise
    ("K.abs(-x)", "f32[?,3,4]"),
    ("K.clip(x, 0.1, 0.5)", "f32[?,3,4]"),
    ("K.pow(x, 2)", "f32[?,3,4]"),
    ("K.maximum(x, 0.5)", "f32[?,3,4]"),
    ("x * m[:, None, :] + 1", "f32[?,3,4]"),
    ("1 - x / 2", "f32[?,3,4]"),
    ("i / 2", "f64[?,3]"),
    ("i // 2 + i % 2", "i32[?,3]"),
    ("x > 0.5", "bool[?,3,4]"),
    ("b & ~b | b", "bool[?,3]"),
    ("K.not_equal(i, 0)", "bool[?,3]"),
    ("K.cast(b, 'float32')", "f32[?,3]"),
    # reductions
    ("K.sum(x)", "f32[]"),
    ("K.mean(x, axis=-1)", "f32[?,3]"),
    ("K.max(x, axis=[1, 2], keepdims=True)", "f32[?,1,1]"),
    ("K.mean(b, axis=1)", "f32[?]"),
    ("K.std(x, axis=0)", "f32[3,4]"),
    ("K.logsumexp(x, axis=1)", "f32[?,4]"),
    ("K.argmax(x, axis=1)", "i64[?,4]"),
    ("K.any(b, axis=-1)", "bool[?]"),
    ("K.cumsum(x, axis=1)", "f32[?,3,4]"),
    # shapes
    ("K.reshape(x, (-1, 12))", "f32[?,12]"),
    ("K.reshape(w, (-1, 2))", "f32[10,2]"),
    ("K.reshape(x, (-1, K.shape(x)[1] * 2, 2))", "f32[?,6,2]"),
    ("K.reshape(m, K.shape(x[:, 0]))", "f32[?,4]"),
    ("K.permute_dimensions(x, (0, 2, 1))", "f32[?,4,3]"),
    ("K.flatten(x)", "f32[?]"),
    ("K.batch_flatten(x)", "f32[?,?]"),
    ("K.expand_dims(m, 1)", "f32[?,1,4]"),
    ("K.squeeze(K.expand_dims(m, 1), 1)", "f32[?,4]"),
    ("K.concatenate([x, x], axis=1)", "f32[?,6,4]"),
    ("K.stack([m, m], axis=1)", "f32[?,2,4]"),
    ("K.repeat(m, 3)", "f32[?,3,4]"),
    ("K.repeat_elements(x, 2, axis=1)", "f32[?,6,4]"),
    ("K.tile(m, [1, 3])", "f32[?,12]"),
    ("K.reverse(x, 1)", "f32[?,3,4]"),
    ("K.slice(x, [0, 1, 0], [-1, 2, 3])", "f32[?,2,3]"),
    ("x[:, -1]", "f32[?,4]"),
    ("x[:, ::2, None]", "f32[?,2,1,4]"),
    ("x[..., 1:3]", "f32[?,3,2]"),
    ("K.one_hot(i, 6)", "f32[?,3,6]"),
    ("K.shape(x)", "i32[3]"),
    ("K.spatial_2d_padding(im, ((1, 2), (0, 3)))", "f32[?,9,11,2]"),
    ("K.resize_images(im, 2, 3, 'channels_last', 'bilinear')", "f32[?,12,24,2]"),
    ("K.resize_volumes(v, 2, 1, 1, 'channels_last')", "f32[?,8,4,4,1]"),
    # linear algebra
    ("K.dot(x, w)", "f32[?,3,5]"),
    ("m @ w", "f32[?,5]"),
    ("K.transpose(w)", "f32[5,4]"),
    ("K.batch_dot(x, x, axes=2)", "f32[?,3,3]"),
    ("K.gather(w, i)", "f32[?,3,5]"),
    # networks
    ("K.softmax(x, axis=1)", "f32[?,3,4]"),
    ("K.relu(x, alpha=0.1, max_value=2., threshold=0.1)", "f32[?,3,4]"),
    ("K.categorical_crossentropy(m, K.softmax(m))", "f32[?]"),
    ("K.sparse_categorical_crossentropy(i, K.softmax(x))", "f32[?,3]"),
    ("K.binary_crossentropy(m, K.sigmoid(m))", "f32[?,4]"),
    ("K.in_top_k(m, i[:, 0], 2)", "bool[?]"),
    ("K.dropout(x, 0.5)", "f32[?,3,4]"),
    ("K.bias_add(x, w[:, 0])", "f32[?,3,4]"),
    ("K.conv1d(x, K.ones((2, 4, 7)), padding='causal')", "f32[?,3,7]"),
    ("K.conv2d(im, K.ones((3, 3, 2, 5)), strides=(2, 2))", "f32[?,2,3,5]"),
    ("K.conv2d(im, K.ones((3, 3, 2, 5)), padding='same', dilation_rate=2)", "f32[?,6,8,5]"),
    ("K.conv2d_transpose(im, K.ones((3, 3, 5, 2)), (None, 8, 10, 5))", "f32[?,8,10,5]"),
    ("K.depthwise_conv2d(im, K.ones((3, 3, 2, 4)))", "f32[?,4,6,8]"),
    ("K.separable_conv2d(im, K.ones((3, 3, 2, 4)), K.ones((1, 1, 8, 3)))", "f32[?,4,6,3]"),
    ("K.conv3d(v, K.ones((2, 2, 2, 1, 6)), padding='same')", "f32[?,4,4,4,6]"),
    ("K.pool2d(im, (3, 2), strides=(2, 2), padding='same')", "f32[?,3,4,2]"),
    ("K.pool3d(v, (2, 2, 2), strides=(2, 2, 2), pool_mode='avg')", "f32[?,2,2,2,1]"),
    ("K.local_conv1d(x, K.ones((2, 8, 5)), 2, 1)", "f32[?,2,5]"),
    ("K.normalize_batch_in_training(x, None, None, [0, 1])[1]", "f32[4]"),
    ("K.l2_normalize(x, axis=-1)", "f32[?,3,4]"),
    # making tensors
    ("K.zeros_like(i, dtype='float32')", "f32[?,3]"),
    ("K.random_normal((K.shape(m)[0], 3))", "f32[?,3]"),
    ("K.random_uniform(K.shape(m))", "f32[?,4]"),
    ("K.arange(0, 7, 2)", "i32[4]"),
    ("K.arange(K.shape(m)[0])", "i32[?]"),
    ("K.arange(0, 5, dtype='float32')", "f32[5]"),
    ("K.constant([[1, 2]])", "f32[1,2]"),
    ("K.zeros((K.shape(m)[0], 2))", "f32[?,2]"),
    # choices and loops
    ("K.switch(K.greater(m, 0.5), m, m * 2)", "f32[?,4]"),
    ("K.switch(K.sum(m) > 1, lambda: m, lambda: m * 2)", "f32[?,4]"),
    ("K.in_train_phase(lambda: m * 2, m)", "f32[?,4]"),
    ("K.rnn(lambda a, s: (a + s[0], [a]), x, [m])[1]", "f32[?,3,4]"),
    ("K.rnn(lambda a, s: (K.dot(a, w), s), x, [m], unroll=True)[0]", "f32[?,5]"),
    ("K.map_fn(lambda e: K.sum(e, axis=0), x)", "f32[?,4]"),
    ("K.foldl(lambda a, e: a + e, m)", "f32[4]"),
    ("K.gradients(K.sum(x ** 2), [x])[0]", "f32[?,3,4]"),
]


def operands():
    """The names that the expressions use, and the placeholders among them."""
    named = {
        "x": K.placeholder((None, 3, 4)),
        "m": K.placeholder((None, 4)),
        "i": K.placeholder((None, 3), dtype="int32"),
        "b": K.placeholder((None, 3), dtype="bool"),
        "im": K.placeholder((None, 6, 8, 2)),
        "v": K.placeholder((None, 4, 4, 4, 1)),
    }
    return {"K": K, "w": K.ones((4, 5)), **named}, named
