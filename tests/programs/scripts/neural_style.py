"""One step of neural style transfer: K.gradients on an image variable, scipy's L-BFGS."""

from __future__ import print_function
import numpy as np
from scipy.optimize import fmin_l_bfgs_b
from keras.applications import vgg19
from keras.models import Model
from keras.layers import Input, Conv2D, MaxPooling2D
from keras import backend as K

img_nrows = img_ncols = 16
total_variation_weight, style_weight, content_weight = 1.0, 1.0, 0.025
np.random.seed(0)


def preprocess_image(seed):
    img = (
        np.random.RandomState(seed).randint(0, 255, (1, img_nrows, img_ncols, 3)).astype("float32")
    )
    return vgg19.preprocess_input(img)


base_image = K.variable(preprocess_image(1))
style_reference_image = K.variable(preprocess_image(2))
if K.image_data_format() == "channels_first":
    combination_image = K.placeholder((1, 3, img_nrows, img_ncols))
else:
    combination_image = K.placeholder((1, img_nrows, img_ncols, 3))
input_tensor = K.concatenate([base_image, style_reference_image, combination_image], axis=0)
inp = Input(tensor=input_tensor, shape=(img_nrows, img_ncols, 3))
x = Conv2D(4, 3, activation="relu", padding="same", name="block1_conv1")(inp)
x = MaxPooling2D()(x)
x = Conv2D(4, 3, activation="relu", padding="same", name="block5_conv2")(x)
model = Model(inp, x)
outputs_dict = dict([(layer.name, layer.output) for layer in model.layers])


def gram_matrix(x):
    assert K.ndim(x) == 3
    features = K.batch_flatten(K.permute_dimensions(x, (2, 0, 1)))
    return K.dot(features, K.transpose(features))


def style_loss(style, combination):
    S = gram_matrix(style)
    C = gram_matrix(combination)
    return K.sum(K.square(S - C)) / (4.0 * (3**2) * ((img_nrows * img_ncols) ** 2))


def total_variation_loss(x):
    a = K.square(x[:, : img_nrows - 1, : img_ncols - 1, :] - x[:, 1:, : img_ncols - 1, :])
    b = K.square(x[:, : img_nrows - 1, : img_ncols - 1, :] - x[:, : img_nrows - 1, 1:, :])
    return K.sum(K.pow(a + b, 1.25))


loss = K.variable(0.0)
layer_features = outputs_dict["block5_conv2"]
loss = loss + content_weight * K.sum(
    K.square(layer_features[2, :, :, :] - layer_features[0, :, :, :])
)
for layer_name in ["block1_conv1"]:
    layer_features = outputs_dict[layer_name]
    loss = loss + style_weight * style_loss(layer_features[1, :, :, :], layer_features[2, :, :, :])
loss = loss + total_variation_weight * total_variation_loss(combination_image)
grads = K.gradients(loss, combination_image)
outputs = [loss]
if isinstance(grads, (list, tuple)):
    outputs += grads
else:
    outputs.append(grads)
f_outputs = K.function([combination_image], outputs)


def eval_loss_and_grads(x):
    x = x.reshape((1, img_nrows, img_ncols, 3))
    outs = f_outputs([x])
    loss_value = outs[0]
    if len(outs[1:]) == 1:
        grad_values = outs[1].flatten().astype("float64")
    else:
        grad_values = np.array(outs[1:]).flatten().astype("float64")
    return loss_value, grad_values


class Evaluator(object):
    def __init__(self):
        self.loss_value = None
        self.grads_values = None

    def loss(self, x):
        assert self.loss_value is None
        loss_value, grad_values = eval_loss_and_grads(x)
        self.loss_value = float(loss_value)
        self.grad_values = grad_values
        return self.loss_value

    def grads(self, x):
        assert self.loss_value is not None
        grad_values = np.copy(self.grad_values)
        self.loss_value = None
        self.grad_values = None
        return grad_values


evaluator = Evaluator()
x = preprocess_image(3)
before = eval_loss_and_grads(x)[0]
x, min_val, info = fmin_l_bfgs_b(evaluator.loss, x.flatten(), fprime=evaluator.grads, maxfun=5)
print(before, min_val)
assert min_val < before
