"""An autoencoder whose unpooling puts values back where pooling took them: gradients in a layer."""

from __future__ import print_function
import numpy as np
from keras.models import Model
from keras.layers import Activation
from keras.layers import UpSampling2D, Conv2D, MaxPooling2D
from keras.layers import Input, BatchNormalization, ELU
import keras.backend as K
from keras import layers


def convresblock(x, nfeats=8, ksize=3, nskipped=2, elu=True):
    y0 = Conv2D(nfeats, ksize, padding="same")(x)
    y = y0
    for i in range(nskipped):
        y = BatchNormalization(axis=1)(y)
        y = ELU()(y) if elu else Activation("relu")(y)
        y = Conv2D(nfeats, 1, padding="same")(y)
    return layers.add([y0, y])


def getwhere(x):
    """1 where the pooled value came from, else 0."""
    y_prepool, y_postpool = x
    return K.gradients(K.sum(y_postpool), y_prepool)


K.set_image_data_format("channels_first")
np.random.seed(0)
x_train = np.random.rand(64, 1, 12, 12).astype("float32")
x_test = np.random.rand(16, 1, 12, 12).astype("float32")

nfeats = [1, 4, 6]
pool_sizes = np.array([2, 3])
img_input = Input(shape=x_train.shape[1:])
y = img_input
wheres = [None] * 2
for i in range(2):
    y_prepool = convresblock(y, nfeats=nfeats[i + 1])
    y = MaxPooling2D(pool_size=(pool_sizes[i], pool_sizes[i]))(y_prepool)
    wheres[i] = layers.Lambda(getwhere, output_shape=lambda x: x[0])([y_prepool, y])
for i in range(2):
    ind = 1 - i
    y = UpSampling2D(size=(pool_sizes[ind], pool_sizes[ind]))(y)
    y = layers.multiply([y, wheres[ind]])
    y = convresblock(y, nfeats=nfeats[ind])
y = Activation("sigmoid")(y)
model = Model(img_input, y)
model.compile("adam", "mse")
h = model.fit(
    x_train, x_train, validation_data=(x_test, x_test), batch_size=16, epochs=2, verbose=0
)
assert np.isfinite(h.history["val_loss"]).all()
x_recon = model.predict(x_test)
assert x_recon.shape == x_test.shape

first, second = K.function([img_input, K.learning_phase()], wheres)([x_test, 0])
assert first.shape == (16, 4, 12, 12) and second.shape == (16, 6, 6, 6)
assert (first.reshape(16, 4, 6, 2, 6, 2).sum(axis=(3, 5)) == 1).all()
assert (second.reshape(16, 6, 2, 3, 2, 3).sum(axis=(3, 5)) == 1).all()
