"""Writes models of another Keras: `<name>.h5`, `<name>.json`, inputs and predictions."""

import importlib
import sys

import numpy as np

k = importlib.import_module(sys.argv[1])
IS_3 = sys.argv[1] == "keras"
L = k.layers
RANDOM = np.random.RandomState(0)
k.utils.set_random_seed(0)


def sequential(*layers, shape, dtype=None):
    return k.Sequential([L.Input(shape, dtype=dtype), *layers])


def mlp():
    return sequential(
        L.Dense(8, activation="tanh", kernel_regularizer=k.regularizers.L2(0.01)),
        L.BatchNormalization(),
        L.Dropout(0.5),
        L.Dense(3, activation="softmax", kernel_constraint=k.constraints.MaxNorm(2)),
        shape=(5,),
    )


def cnn():
    slope = {"negative_slope": 0.2} if IS_3 else {"alpha": 0.2}
    return sequential(
        L.Conv2D(4, 3, padding="same", dilation_rate=2, use_bias=False),
        L.BatchNormalization(axis=-1, scale=False),
        L.LeakyReLU(**slope),
        L.DepthwiseConv2D(3, depth_multiplier=2),
        L.SeparableConv2D(6, 2, activation="relu"),
        L.UpSampling2D(2),
        L.ZeroPadding2D(1),
        L.Cropping2D(((0, 1), (1, 0))),
        L.Conv2DTranspose(3, 3, strides=2),
        L.SpatialDropout2D(0.3),
        L.AveragePooling2D(2, padding="same"),
        L.MaxPooling2D(2),
        L.PReLU(shared_axes=[1, 2]),
        L.Flatten(),
        L.Dense(2),
        shape=(8, 8, 3),
    )


def pooled():
    return sequential(
        L.Conv1D(4, 3, padding="causal", activation="elu"),
        L.MaxPooling1D(2),
        L.ReLU(max_value=1.0),
        L.Permute((2, 1)),
        L.GlobalAveragePooling1D(),
        L.RepeatVector(2),
        L.Reshape((-1, 4)),
        L.Softmax(),
        shape=(8, 3),
    )


def lstm():
    return sequential(L.LSTM(4, return_sequences=True), L.LSTM(3), shape=(6, 2))


def gru():
    return sequential(L.GRU(4, return_sequences=True), L.GRU(3, reset_after=False), shape=(6, 2))


def simple_rnn():
    return sequential(L.SimpleRNN(4, go_backwards=True), shape=(6, 2))


def bidirectional():
    return sequential(
        L.Bidirectional(L.GRU(4, return_sequences=True)),
        L.Bidirectional(L.LSTM(3), merge_mode="sum"),
        shape=(6, 2),
    )


def cells():
    return sequential(L.RNN([L.LSTMCell(3), L.GRUCell(2)]), shape=(6, 2))


def conv_lstm():
    return sequential(L.ConvLSTM2D(2, 3), L.Flatten(), shape=(3, 5, 5, 2))


def masked():
    return sequential(L.Embedding(9, 4, mask_zero=True), L.LSTM(3), L.Dense(1), shape=(6,))


def time_distributed():
    return sequential(
        L.TimeDistributed(L.Conv2D(2, 3)),
        L.TimeDistributed(L.BatchNormalization()),
        L.TimeDistributed(L.Flatten()),
        L.TimeDistributed(L.Dense(2)),
        shape=(3, 5, 5, 1),
    )


def multi():
    a, b = L.Input((4,), name="a"), L.Input((4,), name="b")
    shared = L.Dense(3, name="shared")
    x, y = shared(a), shared(b)
    parts = [L.Add()([x, y]), L.Multiply()([x, y]), L.Average()([x, y]), L.Maximum()([x, y])]
    joined = L.Concatenate()([*parts, L.Dot(axes=1)([x, y]), L.Subtract()([x, y])])
    return k.Model([a, b], [L.Dense(2, name="p")(joined), L.Activation("tanh", name="q")(x)])


def nested():
    inner = sequential(L.Dense(4, activation="relu"), L.BatchNormalization(), shape=(3,))
    i = L.Input((3,))
    body = k.Model(i, L.Dense(3)(inner(i)), name="body")
    x = L.Input((3,))
    return k.Model(x, L.Dense(1)(body(body(x))))


def frozen():
    inner = sequential(
        L.Dense(3), L.BatchNormalization(), L.Dense(3), L.BatchNormalization(), shape=(3,)
    )
    inner.trainable = False
    x = L.Input((3,))
    return k.Model(x, L.Dense(1)(inner(x, training=False)))


def operators():
    x = L.Input((3,))
    y = L.Dense(3)(x)
    return k.Model(x, L.Dense(1)(x + y * x - y))


def gates():
    return sequential(
        L.Dense(4, activation="hard_sigmoid"),
        L.Activation("swish"),
        L.Reshape((2, 2)),
        L.LSTM(3, recurrent_activation="hard_sigmoid"),
        shape=(5,),
    )


def states():
    x, y = L.Input((4, 2)), L.Input((3, 2))
    _, *state = L.LSTM(3, return_state=True)(x)
    return k.Model([x, y], L.LSTM(3)(y, initial_state=state))


def mixed():
    k.mixed_precision.set_global_policy("mixed_float16")
    try:
        return sequential(L.Dense(8, activation="relu"), L.Dense(2, dtype="float32"), shape=(4,))
    finally:
        k.mixed_precision.set_global_policy("float32")


def lambdas():
    return sequential(L.Dense(3), L.Lambda(lambda t: t * 2, name="double"), shape=(4,))


MODELS = (
    mlp, cnn, pooled, lstm, gru, simple_rnn, bidirectional, cells, conv_lstm, masked,
    time_distributed, multi, nested, frozen, operators, gates, states, mixed, lambdas,
)  # fmt: skip


def randomize(model):
    for weight in model.weights:
        value = RANDOM.normal(size=tuple(weight.shape), scale=0.6)
        weight.assign(np.abs(value) if "variance" in weight.name else value)


def data_for(model):
    def one(x):
        shape = (5, *(int(d) for d in x.shape[1:]))
        return RANDOM.normal(size=shape).astype("float32")

    if any(isinstance(layer, L.Embedding) for layer in model.layers):
        return [RANDOM.randint(0, 9, size=(5, 6)).astype("float32")]
    return [one(x) for x in model.inputs]


for build in MODELS:
    name = build.__name__
    model = build()
    randomize(model)
    inputs = data_for(model)
    found = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
    found = found if isinstance(found, list | tuple) else [found]
    model.save(f"{name}.h5")
    model.save_weights(f"{name}.weights.h5")
    with open(f"{name}.json", "w") as file:
        file.write(model.to_json())
    arrays = {f"x{i}": v for i, v in enumerate(inputs)} | {f"y{i}": v for i, v in enumerate(found)}
    np.savez(f"{name}.npz", **arrays)

optimizers = {
    "sgd": k.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "rmsprop": k.optimizers.RMSprop(0.01),
    "adagrad": k.optimizers.Adagrad(0.1),
    "adadelta": k.optimizers.Adadelta(1.0),
    "adam": k.optimizers.Adam(0.01),
    "amsgrad": k.optimizers.Adam(0.01, amsgrad=True),
    "adamax": k.optimizers.Adamax(0.01),
    "nadam": k.optimizers.Nadam(0.01),
}
if not IS_3:
    old = k.optimizers.legacy
    optimizers |= {
        "old_sgd": old.SGD(0.05, momentum=0.9, decay=0.01),
        "old_rmsprop": old.RMSprop(0.01),
        "old_adagrad": old.Adagrad(0.1),
        "old_adadelta": old.Adadelta(1.0),
        "old_adam": old.Adam(0.01, decay=0.01, clipvalue=0.5),
        "old_adamax": old.Adamax(0.01),
        "old_nadam": old.Nadam(0.01),
    }
x = RANDOM.normal(size=(32, 4)).astype("float32")
y = (x.sum(axis=1, keepdims=True) > 0).astype("float32")
np.savez("training_data.npz", x=x, y=y)
for name, optimizer in optimizers.items():
    model = sequential(L.Dense(5, activation="tanh"), L.Dense(1, activation="sigmoid"), shape=(4,))
    model.compile(optimizer, loss=k.losses.BinaryCrossentropy(), metrics=["accuracy"])
    model.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0)
    model.save(f"train_{name}.h5")
    model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    np.savez(f"train_{name}.npz", *model.get_weights())
