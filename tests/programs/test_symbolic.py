"""Whole programs in the style of Keras 2 that compute with symbolic values; each has to learn."""

from __future__ import annotations

import numpy as np
import pytest

from kir import backend as K
from kir import losses, metrics
from kir.engine.base_layer import Layer
from kir.ir import parse, verify
from kir.layers import (
    BatchNormalization,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Flatten,
    Input,
    Lambda,
    LeakyReLU,
    Masking,
    Reshape,
)
from kir.models import Model, Sequential
from kir.optimizers import Adam


@pytest.fixture(autouse=True)
def _new_session():
    K.clear_session()


def images(count=16, size=8, channels=1):
    """Bright squares at random places."""
    found = np.zeros((count, size, size, channels), "float32")
    for image in found:
        row, column = np.random.randint(0, size - 3, 2)
        image[row : row + 3, column : column + 3] = 1.0
    return found


def check_graph(model):
    """The graph obeys the rules and survives its text form."""
    verify(model.graph)
    assert parse(str(model.graph)) == model.graph


def learns(history):
    first, *_, last = history.history["loss"]
    return last < first


# -- variational autoencoders


def encoder_and_decoder(size):
    def sample(arguments):
        mean, log_variance = arguments
        noise = K.random_normal(shape=(K.shape(mean)[0], K.int_shape(mean)[1]))
        return mean + K.exp(0.5 * log_variance) * noise

    inputs = Input((size,))
    hidden = Dense(16, activation="relu")(inputs)
    mean, log_variance = Dense(2, name="mean")(hidden), Dense(2, name="log_variance")(hidden)
    z = Lambda(sample, output_shape=(2,))([mean, log_variance])
    encoder = Model(inputs, [mean, log_variance, z], name="encoder")
    latent = Input((2,))
    result = Dense(size, activation="sigmoid")(Dense(16, activation="relu")(latent))
    return encoder, Model(latent, result, name="decoder"), mean, log_variance


def divergence(mean, log_variance):
    terms = 1 + log_variance - K.square(mean) - K.exp(log_variance)
    return -0.5 * K.sum(terms, axis=-1)


def test_a_variational_autoencoder_learns_by_add_loss():
    encoder, decoder, mean, log_variance = encoder_and_decoder(64)
    inputs = encoder.inputs[0]
    outputs = decoder(encoder(inputs)[2])
    vae = Model(inputs, outputs)
    reconstruction = losses.binary_crossentropy(inputs, outputs) * 64
    vae.add_loss(K.mean(reconstruction + divergence(mean, log_variance)))
    vae.compile(optimizer=Adam(0.01))
    check_graph(vae)
    assert learns(vae.fit(images(64).reshape(64, 64), epochs=6, batch_size=16, verbose=0))
    assert decoder.predict(np.zeros((3, 2))).shape == (3, 64)


def test_a_loss_may_close_over_symbolic_values():
    encoder, decoder, _, _ = encoder_and_decoder(64)
    inputs = Input((64,))
    mean, log_variance, z = encoder(inputs)
    vae = Model(inputs, decoder(z))

    def vae_loss(x, decoded):
        kl = divergence(mean, log_variance)
        return 64 * metrics.binary_crossentropy(x, decoded) + kl

    def kl(x, decoded):
        return K.mean(divergence(mean, log_variance))

    vae.compile(Adam(0.01), vae_loss, metrics=[kl])
    x = images(64).reshape(64, 64)
    history = vae.fit(x, x, epochs=6, batch_size=16, verbose=0, validation_data=(x, x))
    assert learns(history)
    by_hand = K.function([inputs], [kl(None, None)])([x])[0]
    np.testing.assert_allclose(history.history["val_kl"][-1], by_hand, rtol=1e-3)


# -- adversarial networks


def test_a_dcgan_trains_by_two_functions_of_get_updates():
    generator = Sequential(
        [
            Dense(4 * 4 * 8, input_shape=(4,)),
            Reshape((4, 4, 8)),
            BatchNormalization(),
            LeakyReLU(),
            Conv2DTranspose(1, 3, strides=2, padding="same", activation="sigmoid"),
        ]
    )
    discriminator = Sequential(
        [
            Conv2D(8, 3, strides=2, padding="same", input_shape=(8, 8, 1)),
            LeakyReLU(),
            Flatten(),
            Dense(1, activation="sigmoid"),
        ]
    )
    real, noise = Input((8, 8, 1)), Input((4,))
    fake = generator(noise)

    def mean_log(x):
        return K.mean(K.log(x + K.epsilon()))

    for_discriminator = -mean_log(discriminator(real)) - mean_log(1 - discriminator(fake))
    for_generator = -mean_log(discriminator(fake))
    train_discriminator = K.function(
        [real, noise, K.learning_phase()],
        [for_discriminator],
        Adam(0.01).get_updates(loss=for_discriminator, params=discriminator.trainable_weights),
    )
    train_generator = K.function(
        [noise, K.learning_phase()],
        [for_generator],
        Adam(0.01).get_updates(loss=for_generator, params=generator.trainable_weights),
    )
    before = generator.get_weights()
    x, z = images(), np.random.normal(size=(16, 4))
    found = [train_discriminator([x, z, 1])[0] for _ in range(8)]
    assert found[-1] < found[0]
    assert all(np.array_equal(a, b) for a, b in zip(before, generator.get_weights(), strict=True))
    found = [train_generator([z, 1])[0] for _ in range(8)]
    assert found[-1] < found[0]


class RandomMean(Layer):
    """A random point between two samples."""

    def call(self, inputs):
        share = K.random_uniform((K.shape(inputs[0])[0], 1))
        return share * inputs[0] + (1 - share) * inputs[1]

    def compute_output_shape(self, input_shape):
        return input_shape[0]


def test_a_loss_may_differentiate_by_what_it_closes_over():
    real, fake = Input((6,)), Input((6,))
    between = RandomMean()([real, fake])
    critic = Sequential([Dense(8, activation="tanh", input_shape=(6,)), Dense(1)])
    model = Model([real, fake], [critic(real), critic(fake), critic(between)])
    check_graph(model)

    def wasserstein(y_true, y_pred):
        return K.mean(y_true * y_pred)

    def gradient_penalty(y_true, y_pred):
        (gradient,) = K.gradients(y_pred, [between])
        return K.square(1 - K.sqrt(K.sum(K.square(gradient), axis=1)))

    functions = [wasserstein, wasserstein, gradient_penalty]
    model.compile(Adam(0.01), functions, loss_weights=[1, 1, 10])
    ones = np.ones((32, 1))
    data = [np.random.normal(1.0, size=(32, 6)), np.random.normal(size=(32, 6))]
    assert learns(model.fit(data, [-ones, ones, ones * 0], epochs=8, verbose=0))


# -- gradients by the input


def small_convnet():
    x = Input((16, 16, 3))
    first = Conv2D(4, 3, padding="same", activation="relu", name="first")(x)
    return Model(x, Conv2D(6, 3, padding="same", name="second")(first))


def test_deep_dream_climbs_the_activations():
    model = small_convnet()
    loss = K.variable(0.0)
    for layer in model.layers[1:]:
        x = layer.output
        scaling = K.prod(K.cast(K.shape(x), "float32"))
        loss = loss + 0.5 * K.sum(K.square(x[:, 2:-2, 2:-2, :])) / scaling
    dream = model.input
    gradients = K.gradients(loss, dream)[0]
    gradients /= K.maximum(K.mean(K.abs(gradients)), K.epsilon())
    fetch = K.function([dream], [loss, gradients])
    image = np.random.uniform(size=(1, 16, 16, 3))
    first = fetch([image])[0]
    for _ in range(5):
        image = image + 0.01 * fetch([image])[1]
    assert fetch([image])[0] > first


def test_style_transfer_descends_content_and_style():
    content = K.variable(np.random.uniform(size=(1, 16, 16, 3)))
    style = K.variable(np.random.uniform(size=(1, 16, 16, 3)))
    combined = K.placeholder((1, 16, 16, 3))
    x = Input(tensor=K.concatenate([content, style, combined], axis=0))
    first = Conv2D(4, 3, padding="same", activation="relu", name="first")(x)
    model = Model(x, Conv2D(6, 3, padding="same", name="second")(first))

    def gram(features):
        flat = K.batch_flatten(K.permute_dimensions(features, (2, 0, 1)))
        return K.dot(flat, K.transpose(flat))

    features = {layer.name: layer.output for layer in model.layers}
    second = features["second"]
    loss = K.variable(0.0)
    loss = loss + 0.1 * K.sum(K.square(second[2, :, :, :] - second[0, :, :, :]))
    first = features["first"]
    loss = loss + K.sum(K.square(gram(first[1]) - gram(first[2]))) / (4.0 * 9 * 256**2)
    loss_and_gradient = K.function([combined], [loss, *K.gradients(loss, combined)])
    image = np.random.uniform(size=(1, 16, 16, 3))
    start = loss_and_gradient([image])[0]
    for _ in range(5):
        gradient = loss_and_gradient([image])[1]
        image = image - 0.02 * gradient / np.abs(gradient).max()
    assert loss_and_gradient([image])[0] < start


# -- layers of the user's


class Attention(Layer):
    """A weighted mean over time; masked steps have no weight."""

    supports_masking = True

    def build(self, input_shape):
        self.w = self.add_weight(name="w", shape=(input_shape[-1], 1), initializer="uniform")
        self.b = self.add_weight(name="b", shape=(input_shape[1], 1), initializer="zeros")
        super().build(input_shape)

    def call(self, x, mask=None):
        energy = K.squeeze(K.tanh(K.dot(x, self.w) + self.b), axis=-1)
        weights = K.exp(energy)
        if mask is not None:
            weights *= K.cast(mask, K.floatx())
        weights /= K.cast(K.sum(weights, axis=1, keepdims=True) + K.epsilon(), K.floatx())
        return K.sum(x * K.expand_dims(weights), axis=1)

    def compute_mask(self, inputs, mask=None):
        return None

    def compute_output_shape(self, input_shape):
        return input_shape[0], input_shape[-1]


def test_an_attention_layer_learns_and_ignores_masked_steps():
    x = Input((6, 4))
    attended = Attention()(Masking()(x))
    model = Model(x, Dense(1)(attended))
    check_graph(model)
    model.compile(Adam(0.05), "mse")
    data = np.random.uniform(0.1, 1.0, size=(32, 6, 4))
    data[:, 4:] = 0.0
    history = model.fit(data, data[:, 0].sum(-1), epochs=10, verbose=0)
    assert learns(history)
    attend = K.function([x], [attended])
    short = np.concatenate([data[:, :4], np.zeros((32, 2, 4))], axis=1)
    np.testing.assert_array_equal(attend([data])[0], attend([short])[0])


def squash(vectors, axis=-1):
    squared = K.sum(K.square(vectors), axis, keepdims=True)
    return K.sqrt(squared + K.epsilon()) / (0.5 + squared) * vectors


class Capsule(Layer):
    """Routing by agreement (Sabour et al., 2017), with shared weights."""

    def __init__(self, num_capsule, dim_capsule, routings=3, **kwargs):
        super().__init__(**kwargs)
        self.num_capsule, self.dim_capsule = num_capsule, dim_capsule
        self.routings = routings

    def build(self, input_shape):
        self.W = self.add_weight(
            name="W", shape=(1, input_shape[-1], self.num_capsule * self.dim_capsule)
        )
        super().build(input_shape)

    def call(self, inputs):
        hat = K.conv1d(inputs, self.W)
        batch, count = K.shape(inputs)[0], K.shape(inputs)[1]
        hat = K.reshape(hat, (batch, count, self.num_capsule, self.dim_capsule))
        hat = K.permute_dimensions(hat, (0, 2, 1, 3))
        logits = K.zeros_like(hat[:, :, :, 0])
        for i in range(self.routings):
            outputs = squash(K.batch_dot(K.softmax(logits, 1), hat, [2, 2]))
            if i < self.routings - 1:
                logits += K.batch_dot(outputs, hat, [2, 3])
        return outputs

    def compute_output_shape(self, input_shape):
        return None, self.num_capsule, self.dim_capsule


def test_a_capsule_network_learns_by_a_margin_loss():
    def margin(y_true, y_pred):
        present = K.square(K.maximum(0.0, 0.9 - y_pred))
        absent = K.square(K.maximum(0.0, y_pred - 0.1))
        return K.sum(y_true * present + 0.5 * (1 - y_true) * absent, axis=-1)

    x = Input((7, 8))
    capsules = Capsule(3, 4)(x)
    lengths = Lambda(lambda z: K.sqrt(K.sum(K.square(z), 2)), output_shape=(3,))(capsules)
    model = Model(x, lengths)
    check_graph(model)
    model.compile(Adam(0.02), margin)
    labels = np.random.randint(0, 3, 32)
    data = np.random.uniform(size=(32, 7, 8)) + labels[:, None, None]
    assert learns(model.fit(data, np.eye(3)[labels], epochs=8, verbose=0))


class Crf(Layer):
    """A linear-chain conditional random field: emissions out, its likelihood as the loss."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.kernel = self.add_weight(name="kernel", shape=(input_shape[-1], self.units))
        self.chain = self.add_weight(
            name="chain", shape=(self.units, self.units), initializer="zeros"
        )
        super().build(input_shape)

    def call(self, x):
        return K.dot(x, self.kernel)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:2], self.units)

    def loss(self, y_true, emissions):
        def step(emission, states):
            alpha = K.expand_dims(states[0], 2) + K.expand_dims(self.chain, 0)
            alpha = K.logsumexp(alpha, axis=1) + emission
            return alpha, [alpha]

        last, _, _ = K.rnn(step, emissions[:, 1:], [emissions[:, 0]])
        pairs = K.dot(y_true[:, :-1], self.chain) * y_true[:, 1:]
        score = K.sum(emissions * y_true, [1, 2]) + K.sum(pairs, [1, 2])
        return K.logsumexp(last, axis=1) - score


def test_a_conditional_random_field_learns_its_transitions():
    x = Input((5, 6))
    crf = Crf(3)
    model = Model(x, crf(x))
    check_graph(model)
    model.compile(Adam(0.05), crf.loss)
    tags = np.arange(5)[None] + np.random.randint(0, 3, (32, 1))  # always one up
    history = model.fit(
        np.random.uniform(size=(32, 5, 6)), np.eye(3)[tags % 3], epochs=8, verbose=0
    )
    assert learns(history)
    chain = crf.get_weights()[1]
    assert chain[0, 1] > chain[0, 0]
    assert chain[1, 2] > chain[1, 0]


def test_a_ctc_loss_in_a_lambda_learns():
    def ctc(arguments):
        predictions, labels, input_length, label_length = arguments
        # The first steps of a recurrent network tend to be rubbish.
        return K.ctc_batch_cost(labels, predictions[:, 2:, :], input_length, label_length)

    x = Input((10, 6))
    labels, input_length, label_length = Input((4,)), Input((1,)), Input((1,))
    predictions = Dense(5, activation="softmax")(x)
    cost = Lambda(ctc, output_shape=(1,), name="ctc")(
        [predictions, labels, input_length, label_length]
    )
    model = Model([x, labels, input_length, label_length], cost)
    check_graph(model)
    model.compile(Adam(0.05), loss={"ctc": lambda y_true, y_pred: y_pred})
    data = [
        np.random.uniform(size=(16, 10, 6)),
        np.random.randint(0, 4, (16, 4)),
        np.full((16, 1), 8),
        np.full((16, 1), 4),
    ]
    assert learns(model.fit(data, np.zeros((16, 1)), epochs=8, verbose=0))
    decoded = K.ctc_decode(predictions, K.squeeze(input_length, -1))[0][0]
    best = K.function([x, input_length], [decoded])([data[0], data[2]])[0]
    assert best.shape[0] == 16


class Stack(Layer):
    """A composite: layers inside, whose weights and updates it makes its own."""

    def build(self, input_shape):
        self.dense = Dense(8, activation="relu")
        self.norm = BatchNormalization()
        self.out = Dense(2)
        super().build(input_shape)

    def call(self, x):
        result = self.out(self.norm(self.dense(x)))
        for layer in (self.dense, self.norm, self.out):
            for weight in layer.trainable_weights:
                if weight not in self._trainable_weights:
                    self._trainable_weights.append(weight)
            for weight in layer.non_trainable_weights:
                if weight not in self._non_trainable_weights:
                    self._non_trainable_weights.append(weight)
        self.add_update(self.norm.updates, x)
        return result

    def compute_output_shape(self, input_shape):
        return input_shape[0], 2


def test_a_composite_layer_trains_the_layers_inside(tmp_path):
    x = Input((6,))
    stack = Stack()
    model = Model(x, stack(x))
    check_graph(model)
    model.compile("adam", "mse")
    data = np.random.normal(size=(32, 6))
    assert learns(model.fit(data, data[:, :2], epochs=8, verbose=0))
    moving_mean = stack.norm.get_weights()[2]
    assert np.abs(moving_mean).max() > 0
    path = str(tmp_path / "model.h5")
    model.save(path)
    from kir.models import load_model

    loaded = load_model(path, custom_objects={"Stack": Stack})
    np.testing.assert_allclose(loaded.predict(data), model.predict(data), rtol=1e-5)
