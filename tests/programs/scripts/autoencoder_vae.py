"""An autoencoder, and a variational one with a loss of its own added to the model."""

from __future__ import absolute_import
import numpy as np
from keras.layers import Lambda, Input, Dense
from keras.models import Model
from keras.losses import mse, binary_crossentropy
from keras import backend as K
from keras import regularizers, metrics


def sampling(args):
    z_mean, z_log_var = args
    batch = K.shape(z_mean)[0]
    dim = K.int_shape(z_mean)[1]
    epsilon = K.random_normal(shape=(batch, dim))
    return z_mean + K.exp(0.5 * z_log_var) * epsilon


np.random.seed(1)
original_dim = 16
x_train = (np.random.rand(200, 4).dot(np.random.rand(4, 16)) / 4).astype("float32")

encoding = Input(shape=(original_dim,))
encoded = Dense(4, activation="relu", activity_regularizer=regularizers.l1(1e-5))(encoding)
decoded = Dense(original_dim, activation="sigmoid")(encoded)
autoencoder = Model(encoding, decoded)
encoded_input = Input(shape=(4,))
decoder_part = Model(encoded_input, autoencoder.layers[-1](encoded_input))
autoencoder.compile(optimizer="adadelta", loss="binary_crossentropy")
autoencoder.fit(
    x_train,
    x_train,
    epochs=2,
    batch_size=50,
    shuffle=True,
    verbose=0,
    validation_data=(x_train, x_train),
)
assert decoder_part.predict(np.zeros((3, 4))).shape == (3, 16)

inputs = Input(shape=(original_dim,), name="encoder_input")
x = Dense(12, activation="relu")(inputs)
z_mean = Dense(2, name="z_mean")(x)
z_log_var = Dense(2, name="z_log_var")(x)
z = Lambda(sampling, output_shape=(2,), name="z")([z_mean, z_log_var])
encoder = Model(inputs, [z_mean, z_log_var, z], name="encoder")
latent_inputs = Input(shape=(2,), name="z_sampling")
x = Dense(12, activation="relu")(latent_inputs)
outputs = Dense(original_dim, activation="sigmoid")(x)
decoder = Model(latent_inputs, outputs, name="decoder")
outputs = decoder(encoder(inputs)[2])
vae = Model(inputs, outputs, name="vae_mlp")
reconstruction_loss = mse(inputs, outputs) * original_dim
kl_loss = 1 + z_log_var - K.square(z_mean) - K.exp(z_log_var)
kl_loss = K.sum(kl_loss, axis=-1)
kl_loss *= -0.5
vae_loss = K.mean(reconstruction_loss + kl_loss)
vae.add_loss(vae_loss)
vae.compile(optimizer="adam")
vae.summary()
history = vae.fit(x_train, epochs=5, batch_size=20, verbose=0, validation_data=(x_train, None))
print(history.history)
assert history.history["loss"][-1] < history.history["loss"][0]
assert encoder.predict(x_train)[2].shape == (200, 2)


# The older way: a loss function that closes over the layers' outputs.
def vae_loss_function(x, x_decoded_mean):
    xent_loss = original_dim * metrics.binary_crossentropy(x, x_decoded_mean)
    kl = -0.5 * K.sum(1 + z_log_var - K.square(z_mean) - K.exp(z_log_var), axis=-1)
    return xent_loss + kl


vae2 = Model(inputs, outputs)
vae2.compile(optimizer="rmsprop", loss=vae_loss_function)
vae2.fit(x_train, x_train, shuffle=True, epochs=2, batch_size=20, verbose=0)
