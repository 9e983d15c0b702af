"""Looks inside a network: grad-CAM, saliency, activations, and images that please a filter."""

from keras.models import Model, Sequential
from keras.layers import Conv2D, MaxPooling2D, Dense, Flatten, GlobalAveragePooling2D
from keras.layers.core import Lambda
from keras import backend as K
import keras
import numpy as np

np.random.seed(0)
model = Sequential(
    [
        Conv2D(4, 3, activation="relu", input_shape=(12, 12, 3), name="block1_conv1"),
        MaxPooling2D(),
        Conv2D(6, 3, activation="relu", name="block5_conv3"),
        Flatten(),
        Dense(3, activation="softmax", name="predictions"),
    ]
)
model.compile("sgd", "categorical_crossentropy")
image = np.random.rand(1, 12, 12, 3)


def target_category_loss(x, category_index, nb_classes):
    return x * K.one_hot([category_index], nb_classes)


def target_category_loss_output_shape(input_shape):
    return input_shape


def normalize(x):
    return x / (K.sqrt(K.mean(K.square(x))) + 1e-5)


def grad_cam(input_model, image, category_index, layer_name):
    class_output = input_model.output[:, category_index]
    conv_output = input_model.get_layer(layer_name).output
    grads = K.gradients(class_output, conv_output)[0]
    pooled_grads = K.mean(grads, axis=(0, 1, 2))
    gradient_function = K.function([input_model.layers[0].input], [pooled_grads, conv_output[0]])
    weights, output = gradient_function([image])
    cam = np.maximum((output * weights).sum(axis=-1), 0)
    return cam / (cam.max() + 1e-8)


cam = grad_cam(model, image, int(np.argmax(model.predict(image)[0])), "block5_conv3")
assert cam.shape == (3, 3) and cam.max() <= 1

target_layer = lambda x: target_category_loss(x, 1, 3)
x = Lambda(target_layer, output_shape=target_category_loss_output_shape)(model.layers[-1].output)
cam_model = Model(inputs=model.layers[0].input, outputs=x)
loss = K.sum(cam_model.output)
conv_output = [l for l in cam_model.layers if l.name == "block5_conv3"][0].output
grads = normalize(K.gradients(loss, [conv_output])[0])
gradient_function = K.function(
    [cam_model.layers[0].input, K.learning_phase()], [conv_output, grads]
)
output, grads_val = gradient_function([image, 0])
assert output.shape == grads_val.shape == (1, 3, 3, 6)

layer_dict = dict([(layer.name, layer) for layer in model.layers])
layer_output = layer_dict["block1_conv1"].output
loss = K.mean(layer_output[:, :, :, 0])
grads = K.gradients(loss, model.input)[0]
grads /= K.sqrt(K.mean(K.square(grads))) + 1e-5
iterate = K.function([model.input], [loss, grads])
input_img_data = np.random.random((1, 12, 12, 3)) * 20 + 128.0
first, _ = iterate([input_img_data])
for i in range(10):
    loss_value, grads_value = iterate([input_img_data])
    input_img_data += grads_value * 1.0
print(first, loss_value)
assert loss_value > first

get_activations = K.function(
    [model.layers[0].input, K.learning_phase()], [l.output for l in model.layers]
)
for phase in (0, 1):
    assert [a.shape for a in get_activations([image, phase])][-1] == (1, 3)
outputs = [layer.output for layer in model.layers]
functors = [K.function([model.input], [out]) for out in outputs]
assert len([func([image]) for func in functors]) == 5
intermediate = Model(inputs=model.input, outputs=model.get_layer("block5_conv3").output)
assert intermediate.predict(image).shape == (1, 3, 3, 6)
weights = K.get_session().run(model.get_layer("predictions").kernel)
np.testing.assert_array_equal(weights, model.get_weights()[-2])
saliency = K.get_session().run(
    K.gradients(model.total_loss, model.input)[0],
    feed_dict={
        model.input: image,
        model.targets[0]: [[1, 0, 0]],
        model.sample_weights[0]: [1.0],
        K.learning_phase(): 0,
    },
)
assert saliency.shape == image.shape and np.abs(saliency).max() > 0
