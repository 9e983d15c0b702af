"""Siamese network with a Lambda distance and contrastive loss; and a triplet loss."""

from __future__ import absolute_import
from __future__ import print_function
import numpy as np
import random
from keras.models import Model
from keras.layers import Input, Flatten, Dense, Dropout, Lambda
from keras.optimizers import RMSprop
from keras import backend as K


def euclidean_distance(vects):
    x, y = vects
    sum_square = K.sum(K.square(x - y), axis=1, keepdims=True)
    return K.sqrt(K.maximum(sum_square, K.epsilon()))


def eucl_dist_output_shape(shapes):
    shape1, shape2 = shapes
    return (shape1[0], 1)


def contrastive_loss(y_true, y_pred):
    margin = 1
    square_pred = K.square(y_pred)
    margin_square = K.square(K.maximum(margin - y_pred, 0))
    return K.mean(y_true * square_pred + (1 - y_true) * margin_square)


def create_base_network(input_shape):
    input = Input(shape=input_shape)
    x = Flatten()(input)
    x = Dense(16, activation="relu")(x)
    x = Dropout(0.1)(x)
    x = Dense(8, activation="relu")(x)
    return Model(input, x)


def compute_accuracy(y_true, y_pred):
    pred = y_pred.ravel() < 0.5
    return np.mean(pred == y_true)


def accuracy(y_true, y_pred):
    return K.mean(K.equal(y_true, K.cast(y_pred < 0.5, y_true.dtype)))


np.random.seed(0)
classes = np.random.randint(0, 3, 120)
data = np.random.rand(120, 4, 4) * 0.2 + np.eye(4)[classes][:, :, None]
left, right = np.random.randint(0, 120, (2, 200))
tr_y = (classes[left] == classes[right]).astype("float32")
tr_pairs = np.stack([data[left], data[right]], axis=1)
input_shape = data.shape[1:]

base_network = create_base_network(input_shape)
input_a = Input(shape=input_shape)
input_b = Input(shape=input_shape)
processed_a = base_network(input_a)
processed_b = base_network(input_b)
distance = Lambda(euclidean_distance, output_shape=eucl_dist_output_shape)(
    [processed_a, processed_b]
)
model = Model([input_a, input_b], distance)
rms = RMSprop()
model.compile(loss=contrastive_loss, optimizer=rms, metrics=[accuracy])
model.fit([tr_pairs[:, 0], tr_pairs[:, 1]], tr_y, batch_size=20, epochs=10, verbose=0)
y_pred = model.predict([tr_pairs[:, 0], tr_pairs[:, 1]])
tr_acc = compute_accuracy(tr_y, y_pred)
print("* Accuracy on training set: %0.2f%%" % (100 * tr_acc))
assert tr_acc > 0.8
assert base_network.get_output_shape_at(0) == base_network.get_output_shape_at(1)
assert len(base_network._inbound_nodes) == 3


def identity_loss(y_true, y_pred):
    return K.mean(y_pred - 0 * y_true)


def bpr_triplet_loss(X):
    positive, negative, anchor = X
    return 1.0 - K.sigmoid(
        K.sum(anchor * positive, axis=-1, keepdims=True)
        - K.sum(anchor * negative, axis=-1, keepdims=True)
    )


inputs = [Input(shape=input_shape) for _ in range(3)]
loss = Lambda(bpr_triplet_loss, output_shape=(1,))([base_network(i) for i in inputs])
triplet = Model(inputs, loss)
triplet.compile(loss=identity_loss, optimizer="adam")
h = triplet.fit([data[:40], data[40:80], data[80:]], np.ones(40), verbose=0, epochs=3)
assert np.isfinite(h.history["loss"]).all()
