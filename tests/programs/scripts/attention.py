"""Attention and transformer layers written as custom layers, saved and loaded with custom_objects."""

from keras import backend as K
from keras import initializers, regularizers, constraints
from keras.engine.topology import Layer, InputSpec
from keras.layers import Input, Embedding, LSTM, Dense, Dropout, TimeDistributed, Add, Lambda
from keras.layers import (
    GlobalAveragePooling1D,
    Permute,
    RepeatVector,
    Multiply,
    Flatten,
    Activation,
)
from keras.models import Model, load_model
import numpy as np


def dot_product(x, kernel):
    if K.backend() == "tensorflow":
        return K.squeeze(K.dot(x, K.expand_dims(kernel)), axis=-1)
    else:
        return K.dot(x, kernel)


class AttentionWithContext(Layer):
    def __init__(
        self,
        W_regularizer=None,
        u_regularizer=None,
        b_regularizer=None,
        W_constraint=None,
        u_constraint=None,
        b_constraint=None,
        bias=True,
        **kwargs,
    ):
        self.supports_masking = True
        self.init = initializers.get("glorot_uniform")
        self.W_regularizer = regularizers.get(W_regularizer)
        self.u_regularizer = regularizers.get(u_regularizer)
        self.b_regularizer = regularizers.get(b_regularizer)
        self.W_constraint = constraints.get(W_constraint)
        self.u_constraint = constraints.get(u_constraint)
        self.b_constraint = constraints.get(b_constraint)
        self.bias = bias
        super(AttentionWithContext, self).__init__(**kwargs)

    def build(self, input_shape):
        assert len(input_shape) == 3
        self.W = self.add_weight(
            (
                input_shape[-1],
                input_shape[-1],
            ),
            initializer=self.init,
            name="{}_W".format(self.name),
            regularizer=self.W_regularizer,
            constraint=self.W_constraint,
        )
        if self.bias:
            self.b = self.add_weight(
                (input_shape[-1],),
                initializer="zero",
                name="{}_b".format(self.name),
                regularizer=self.b_regularizer,
                constraint=self.b_constraint,
            )
        self.u = self.add_weight(
            (input_shape[-1],),
            initializer=self.init,
            name="{}_u".format(self.name),
            regularizer=self.u_regularizer,
            constraint=self.u_constraint,
        )
        super(AttentionWithContext, self).build(input_shape)

    def compute_mask(self, input, input_mask=None):
        return None

    def call(self, x, mask=None):
        uit = dot_product(x, K.transpose(self.W)) if False else K.dot(x, self.W)
        if self.bias:
            uit += self.b
        uit = K.tanh(uit)
        ait = dot_product(uit, self.u)
        a = K.exp(ait)
        if mask is not None:
            a *= K.cast(mask, K.floatx())
        a /= K.cast(K.sum(a, axis=1, keepdims=True) + K.epsilon(), K.floatx())
        a = K.expand_dims(a)
        weighted_input = x * a
        return K.sum(weighted_input, axis=1)

    def compute_output_shape(self, input_shape):
        return input_shape[0], input_shape[-1]


class LayerNormalization(Layer):
    def __init__(self, eps=1e-6, **kwargs):
        self.eps = eps
        super(LayerNormalization, self).__init__(**kwargs)

    def build(self, input_shape):
        self.gamma = self.add_weight(
            name="gamma", shape=input_shape[-1:], initializer=initializers.Ones(), trainable=True
        )
        self.beta = self.add_weight(
            name="beta", shape=input_shape[-1:], initializer=initializers.Zeros(), trainable=True
        )
        super(LayerNormalization, self).build(input_shape)

    def call(self, x):
        mean = K.mean(x, axis=-1, keepdims=True)
        std = K.std(x, axis=-1, keepdims=True)
        return self.gamma * (x - mean) / (std + self.eps) + self.beta

    def compute_output_shape(self, input_shape):
        return input_shape


class MultiHeadAttention(Layer):
    def __init__(self, nb_head, size_per_head, **kwargs):
        self.nb_head = nb_head
        self.size_per_head = size_per_head
        self.output_dim = nb_head * size_per_head
        super(MultiHeadAttention, self).__init__(**kwargs)

    def build(self, input_shape):
        self.WQ = self.add_weight(
            name="WQ",
            shape=(input_shape[0][-1], self.output_dim),
            initializer="glorot_uniform",
            trainable=True,
        )
        self.WK = self.add_weight(
            name="WK",
            shape=(input_shape[1][-1], self.output_dim),
            initializer="glorot_uniform",
            trainable=True,
        )
        self.WV = self.add_weight(
            name="WV",
            shape=(input_shape[2][-1], self.output_dim),
            initializer="glorot_uniform",
            trainable=True,
        )
        super(MultiHeadAttention, self).build(input_shape)

    def heads(self, seq, W):
        seq = K.dot(seq, W)
        seq = K.reshape(seq, (-1, K.shape(seq)[1], self.nb_head, self.size_per_head))
        return K.permute_dimensions(seq, (0, 2, 1, 3))

    def call(self, x):
        Q_seq, K_seq, V_seq = [self.heads(s, W) for s, W in zip(x, (self.WQ, self.WK, self.WV))]
        A = K.batch_dot(Q_seq, K_seq, axes=[3, 3]) / self.size_per_head**0.5
        A = K.softmax(A)
        O_seq = K.batch_dot(A, V_seq, axes=[3, 2])
        O_seq = K.permute_dimensions(O_seq, (0, 2, 1, 3))
        return K.reshape(O_seq, (-1, K.shape(O_seq)[1], self.output_dim))

    def compute_output_shape(self, input_shape):
        return (input_shape[0][0], input_shape[0][1], self.output_dim)

    def get_config(self):
        config = {"nb_head": self.nb_head, "size_per_head": self.size_per_head}
        base_config = super(MultiHeadAttention, self).get_config()
        return dict(list(base_config.items()) + list(config.items()))


class PositionEmbedding(Layer):
    def call(self, x):
        size = K.int_shape(x)[-1]
        position_j = 1.0 / K.pow(10000.0, 2 * K.arange(size / 2, dtype="float32") / size)
        position_j = K.expand_dims(position_j, 0)
        position_i = K.cumsum(K.ones_like(x[:, :, 0]), 1) - 1
        position_i = K.expand_dims(position_i, 2)
        position_ij = K.dot(position_i, position_j)
        return K.concatenate([K.cos(position_ij), K.sin(position_ij)], 2) + x


np.random.seed(0)
x = np.random.randint(1, 20, (64, 10))
y = (x[:, 0] > 10).astype("float32")

inp = Input(shape=(10,))
emb = Embedding(20, 16, mask_zero=True)(inp)
lstm = LSTM(16, return_sequences=True)(emb)
model = Model(inp, Dense(1, activation="sigmoid")(AttentionWithContext(W_regularizer="l2")(lstm)))
model.compile("adam", "binary_crossentropy", ["accuracy"])
model.fit(x, y, epochs=3, verbose=0)
model.save("han.h5")
again = load_model("han.h5", custom_objects={"AttentionWithContext": AttentionWithContext})
np.testing.assert_allclose(again.predict(x), model.predict(x), rtol=1e-5)

S_inputs = Input(shape=(None,), dtype="int32")
embeddings = Embedding(20, 16)(S_inputs)
embeddings = PositionEmbedding()(embeddings)
O_seq = MultiHeadAttention(4, 4)([embeddings, embeddings, embeddings])
O_seq = LayerNormalization()(Add()([O_seq, embeddings]))
ff = TimeDistributed(Dense(32, activation="relu"))(O_seq)
ff = TimeDistributed(Dense(16))(ff)
O_seq = LayerNormalization()(Add()([O_seq, Dropout(0.1)(ff)]))
O_seq = GlobalAveragePooling1D()(O_seq)
outputs = Dense(1, activation="sigmoid")(O_seq)
transformer = Model(inputs=S_inputs, outputs=outputs)
transformer.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
h = transformer.fit(x, y, batch_size=16, epochs=8, verbose=0, validation_split=0.1)
print(h.history["loss"])
assert h.history["loss"][-1] < h.history["loss"][0]
transformer.save("transformer.h5")
objects = {
    "MultiHeadAttention": MultiHeadAttention,
    "PositionEmbedding": PositionEmbedding,
    "LayerNormalization": LayerNormalization,
}
again = load_model("transformer.h5", custom_objects=objects)
np.testing.assert_allclose(again.predict(x), transformer.predict(x), rtol=1e-4, atol=1e-6)

# Soft attention out of ready-made layers.
seq = Input((10, 16))
weights = Flatten()(Dense(1, activation="tanh")(seq))
weights = Activation("softmax", name="attention_vec")(weights)
weights = Permute([2, 1])(RepeatVector(16)(weights))
sent = Lambda(lambda xin: K.sum(xin, axis=-2), output_shape=(16,))(Multiply()([seq, weights]))
soft = Model(seq, [sent, weights])
a = soft.predict(np.random.rand(2, 10, 16))
np.testing.assert_allclose(a[1][:, :, 0].sum(axis=1), 1, rtol=1e-5)
