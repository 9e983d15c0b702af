"""A generator told the class, a discriminator that names it, and both trained in turn."""

from __future__ import print_function
from collections import defaultdict
import numpy as np
from keras import layers
from keras.layers import Input, Dense, Reshape, Flatten, Embedding, Dropout, BatchNormalization
from keras.layers.advanced_activations import LeakyReLU
from keras.layers.convolutional import Conv2DTranspose, Conv2D
from keras.models import Sequential, Model
from keras.optimizers import Adam
from keras.utils.generic_utils import Progbar

np.random.seed(1337)
num_classes = 4
latent_size = 6
batch_size = 16


def build_generator():
    cnn = Sequential()
    cnn.add(Dense(2 * 2 * 8, input_dim=latent_size, activation="relu"))
    cnn.add(Reshape((2, 2, 8)))
    cnn.add(Conv2DTranspose(6, 3, strides=2, padding="same", kernel_initializer="glorot_normal"))
    cnn.add(BatchNormalization())
    cnn.add(Conv2DTranspose(1, 3, strides=2, padding="same", activation="tanh"))
    latent = Input(shape=(latent_size,))
    image_class = Input(shape=(1,), dtype="int32")
    # (batch, 1, latent_size): the product keeps that axis, and the Sequential takes it.
    cls = Embedding(num_classes, latent_size, embeddings_initializer="glorot_normal")(image_class)
    h = layers.multiply([latent, cls])
    return Model([latent, image_class], cnn(h))


def build_discriminator():
    cnn = Sequential()
    cnn.add(Conv2D(4, 3, padding="same", strides=2, input_shape=(8, 8, 1)))
    cnn.add(LeakyReLU(0.2))
    cnn.add(Dropout(0.3))
    cnn.add(Flatten())
    image = Input(shape=(8, 8, 1))
    features = cnn(image)
    fake = Dense(1, activation="sigmoid", name="generation")(features)
    aux = Dense(num_classes, activation="softmax", name="auxiliary")(features)
    return Model(image, [fake, aux])


losses = ["binary_crossentropy", "sparse_categorical_crossentropy"]
discriminator = build_discriminator()
discriminator.compile(optimizer=Adam(lr=0.002, beta_1=0.5), loss=losses)
generator = build_generator()
latent = Input(shape=(latent_size,))
image_class = Input(shape=(1,), dtype="int32")
discriminator.trainable = False
fake, aux = discriminator(generator([latent, image_class]))
combined = Model([latent, image_class], [fake, aux])
combined.compile(optimizer=Adam(lr=0.002, beta_1=0.5), loss=losses)

y_train = np.random.randint(0, num_classes, 64)
x_train = np.random.uniform(-1, 1, (64, 8, 8, 1)).astype("float32")
history = defaultdict(list)
progress_bar = Progbar(target=4, verbose=0)
for index in range(4):
    rows = slice(index * batch_size, (index + 1) * batch_size)
    noise = np.random.uniform(-1, 1, (batch_size, latent_size))
    sampled = np.random.randint(0, num_classes, batch_size)
    generated = generator.predict([noise, sampled.reshape((-1, 1))], verbose=0)
    assert generated.shape == (batch_size, 8, 8, 1)
    x = np.concatenate((x_train[rows], generated))
    y = np.array([0.95] * batch_size + [0] * batch_size)
    aux_y = np.concatenate((y_train[rows], sampled), axis=0)
    # The classes of generated images do not count for the discriminator.
    weights = [np.ones(2 * batch_size), np.repeat([2.0, 0.0], batch_size)]
    d = discriminator.train_on_batch(x, [y, aux_y], sample_weight=weights)
    before = discriminator.get_weights()
    noise = np.random.uniform(-1, 1, (2 * batch_size, latent_size))
    sampled = np.random.randint(0, num_classes, 2 * batch_size)
    trick = np.ones(2 * batch_size) * 0.95
    g = combined.train_on_batch([noise, sampled.reshape((-1, 1))], [trick, sampled])
    assert all((a == b).all() for a, b in zip(before, discriminator.get_weights()))
    history["discriminator"].append(d)
    history["generator"].append(g)
    progress_bar.update(index + 1)

assert discriminator.metrics_names == ["loss", "generation_loss", "auxiliary_loss"]
assert np.allclose(d[0], d[1] + d[2])
assert np.isfinite(history["generator"]).all()
generator.save_weights("params_generator_epoch_{0:03d}.hdf5".format(1), True)
generator.load_weights("params_generator_epoch_001.hdf5")
