"""SSD-like multibox loss as a class with TensorFlow functions, an L2 normalization layer, tf.image."""

import numpy as np
import tensorflow as tf
import keras.backend as K
from keras.engine.topology import InputSpec
from keras.engine.topology import Layer
from keras.models import Model
from keras.layers import Input, Conv2D, Reshape, Concatenate, Activation, Lambda
from keras.optimizers import SGD


class SSDLoss:
    def __init__(self, neg_pos_ratio=3, n_neg_min=0, alpha=1.0):
        self.neg_pos_ratio = neg_pos_ratio
        self.n_neg_min = n_neg_min
        self.alpha = alpha

    def smooth_L1_loss(self, y_true, y_pred):
        absolute_loss = tf.abs(y_true - y_pred)
        square_loss = 0.5 * (y_true - y_pred) ** 2
        l1_loss = tf.where(tf.less(absolute_loss, 1.0), square_loss, absolute_loss - 0.5)
        return tf.reduce_sum(l1_loss, axis=-1)

    def log_loss(self, y_true, y_pred):
        y_pred = tf.maximum(y_pred, 1e-15)
        return -tf.reduce_sum(y_true * tf.log(y_pred), axis=-1)

    def compute_loss(self, y_true, y_pred):
        self.neg_pos_ratio = tf.constant(self.neg_pos_ratio)
        self.n_neg_min = tf.constant(self.n_neg_min)
        self.alpha = tf.constant(self.alpha)
        batch_size = tf.shape(y_pred)[0]
        n_boxes = tf.shape(y_pred)[1]
        classification_loss = tf.to_float(self.log_loss(y_true[:, :, :-4], y_pred[:, :, :-4]))
        localization_loss = tf.to_float(self.smooth_L1_loss(y_true[:, :, -4:], y_pred[:, :, -4:]))
        negatives = y_true[:, :, 0]
        positives = tf.to_float(tf.reduce_max(y_true[:, :, 1:-4], axis=-1))
        n_positive = tf.reduce_sum(positives)
        pos_class_loss = tf.reduce_sum(classification_loss * positives, axis=-1)
        neg_class_loss_all = classification_loss * negatives
        n_neg_losses = tf.count_nonzero(neg_class_loss_all, dtype=tf.int32)
        n_negative_keep = tf.minimum(
            tf.maximum(self.neg_pos_ratio * tf.to_int32(n_positive), self.n_neg_min), n_neg_losses
        )

        def f1():
            return tf.zeros([batch_size])

        def f2():
            neg_class_loss_all_1D = tf.reshape(neg_class_loss_all, [-1])
            values, indices = tf.nn.top_k(neg_class_loss_all_1D, k=n_negative_keep, sorted=False)
            negatives_keep = tf.scatter_nd(
                indices=tf.expand_dims(indices, axis=1),
                updates=tf.ones_like(indices, dtype=tf.int32),
                shape=tf.shape(neg_class_loss_all_1D),
            )
            negatives_keep = tf.to_float(tf.reshape(negatives_keep, [batch_size, n_boxes]))
            return tf.reduce_sum(classification_loss * negatives_keep, axis=-1)

        neg_class_loss = tf.cond(tf.equal(n_neg_losses, tf.constant(0)), f1, f2)
        class_loss = pos_class_loss + neg_class_loss
        loc_loss = tf.reduce_sum(localization_loss * positives, axis=-1)
        total_loss = (class_loss + self.alpha * loc_loss) / tf.maximum(1.0, n_positive)
        return total_loss * tf.to_float(batch_size)


class L2Normalization(Layer):
    def __init__(self, gamma_init=20, **kwargs):
        self.axis = 3
        self.gamma_init = gamma_init
        super(L2Normalization, self).__init__(**kwargs)

    def build(self, input_shape):
        self.input_spec = [InputSpec(shape=input_shape)]
        gamma = self.gamma_init * np.ones((input_shape[self.axis],))
        self.gamma = K.variable(gamma, name="{}_gamma".format(self.name))
        self.trainable_weights = [self.gamma]
        super(L2Normalization, self).build(input_shape)

    def call(self, x, mask=None):
        output = K.l2_normalize(x, self.axis)
        return output * self.gamma


class Anchors(Layer):
    def call(self, x):
        h, w = K.int_shape(x)[1:3]
        boxes = np.random.RandomState(0).rand(1, h * w, 4)
        boxes_tensor = K.constant(boxes, dtype="float32")
        return K.tile(boxes_tensor, (K.shape(x)[0], 1, 1))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[1] * input_shape[2], 4)


x = Input(shape=(16, 16, 3))
x1 = Lambda(lambda z: z / 127.5 - 1.0, output_shape=(16, 16, 3), name="input_mean")(x)
x2 = Lambda(lambda img: tf.image.resize_bilinear(img, (8, 8)))(x1)
feature = L2Normalization()(Conv2D(8, 3, padding="same", activation="relu")(x2))
conf = Activation("softmax")(Reshape((-1, 3))(Conv2D(3, 3, padding="same")(feature)))
loc = Reshape((-1, 4))(Conv2D(4, 3, padding="same")(feature))
anchors = Anchors()(feature)
loc = Lambda(lambda t: t[0] + t[1])([loc, anchors])
model = Model(x, Concatenate(axis=2)([conf, loc]))
ssd_loss = SSDLoss(neg_pos_ratio=3)
model.compile(optimizer=SGD(lr=0.001, momentum=0.9, decay=0.0), loss=ssd_loss.compute_loss)
np.random.seed(0)
images = np.random.rand(16, 16, 16, 3) * 255
truth = np.zeros((16, 64, 7), "float32")
truth[:, :, 0] = 1
truth[:, :4, 0], truth[:, :4, 1] = 0, 1
h = model.fit(images, truth, batch_size=8, epochs=3, verbose=2)
assert h.history["loss"][-1] < h.history["loss"][0]
assert len(model.layers[3].trainable_weights) in (1, 2)
