"""Guided backpropagation and Grad-CAM of a small network, with the libraries of 2018."""

import numpy as np
import tensorflow as tf
from keras import backend as K
from keras.layers import Conv2D, Dense, Flatten, MaxPooling2D
from keras.models import Sequential
from scipy.misc import imresize, imsave
from tensorflow.python.framework import ops

np.random.seed(2)


def register_gradient():
    if "GuidedBackProp" not in ops._gradient_registry._registry:

        @ops.RegisterGradient("GuidedBackProp")
        def _GuidedBackProp(op, grad):
            dtype = op.inputs[0].dtype
            return grad * tf.cast(grad > 0.0, dtype) * tf.cast(op.inputs[0] > 0.0, dtype)


def network():
    model = Sequential()
    model.add(Conv2D(6, (3, 3), activation="relu", input_shape=(12, 12, 1), name="conv"))
    model.add(MaxPooling2D((2, 2)))
    model.add(Flatten())
    model.add(Dense(2, activation="softmax"))
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return model


# A bright square on the left or on the right.
y = np.random.randint(0, 2, 200)
x = np.random.uniform(0, 0.2, (200, 12, 12, 1)).astype(np.float)
for i, side in enumerate(y):
    x[i, 4:8, 1 + 6 * side : 5 + 6 * side] += 0.8
model = network()
model.fit(x, np.eye(2)[y], epochs=12, verbose=0)
assert model.evaluate(x, np.eye(2)[y], verbose=0)[1] > 0.95

# Where the network looks.
conv = model.get_layer("conv").output
grads = K.gradients(model.output[:, 1], conv)[0]
grads /= K.sqrt(K.mean(K.square(grads))) + 1e-5
features, weights = K.function([model.input], [conv, K.mean(grads, axis=(1, 2))])([x[y == 1][:1]])
cam = imresize(np.maximum(np.dot(features[0], weights[0]), 0), (12, 12))
imsave("cam.png", cam)
assert cam[:, 6:].sum() > cam[:, :6].sum()

# What it saw there: nothing but gradients that are positive all the way.
register_gradient()
with tf.get_default_graph().gradient_override_map({"Relu": "GuidedBackProp"}):
    guided = network()
guided.set_weights(model.get_weights())
saliency = []
for m in (model, guided):
    top = K.max(m.get_layer("conv").output, axis=3)
    gradient = K.gradients(K.sum(-top), m.input)[0]
    saliency.append(K.function([m.input, K.learning_phase()], [gradient])([x[:1], 0])[0])
assert np.abs(saliency[0]).max() > 0
assert np.abs(saliency[1]).max() == 0  # the gradient that comes from above is negative
