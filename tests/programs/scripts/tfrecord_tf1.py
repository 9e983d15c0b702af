"""Training on the tensors of a TFRecord pipeline, with a second model that validates on another."""

import numpy as np
import tensorflow as tf
from keras import backend as K
from keras.callbacks import Callback
from keras.layers import Conv2D, Dense, Flatten, Input
from keras.models import Model
from keras.objectives import categorical_crossentropy
from keras.optimizers import RMSprop
from keras.utils import np_utils

np.random.seed(0)
num_classes = 3
labels = np.random.randint(0, num_classes, 96)
images = np.random.randint(0, 80, (96, 8, 8)) + 80 * labels[:, None, None]
images = images.astype("uint8")


def write(path, rows):
    with tf.python_io.TFRecordWriter(path) as writer:
        for i in rows:
            image = tf.train.BytesList(value=[images[i].tobytes()])
            label = tf.train.Int64List(value=[int(labels[i])])
            feature = {
                "image_raw": tf.train.Feature(bytes_list=image),
                "label": tf.train.Feature(int64_list=label),
            }
            example = tf.train.Example(features=tf.train.Features(feature=feature))
            writer.write(example.SerializeToString())


def parse(serialized):
    features = tf.parse_single_example(
        serialized,
        features={
            "image_raw": tf.FixedLenFeature([], tf.string),
            "label": tf.FixedLenFeature([], tf.int64),
        },
    )
    image = tf.decode_raw(features["image_raw"], tf.uint8)
    image = tf.cast(tf.reshape(image, [8, 8, 1]), tf.float32) * (1.0 / 255)
    return image, tf.one_hot(tf.cast(features["label"], tf.int32), num_classes)


def batches(path, size):
    dataset = tf.data.TFRecordDataset([path]).map(parse).repeat().batch(size)
    return dataset.make_one_shot_iterator().get_next()


def cnn_layers(x):
    x = Conv2D(4, (3, 3), activation="relu")(x)
    x = Flatten()(x)
    return Dense(num_classes, activation="softmax", name="x_train_out")(x)


class EvaluateInputTensor(Callback):
    def __init__(self, model, steps):
        super(EvaluateInputTensor, self).__init__()
        self.val_model = model
        self.num_steps = steps

    def on_epoch_end(self, epoch, logs={}):
        self.val_model.set_weights(self.model.get_weights())
        results = self.val_model.evaluate(None, None, steps=int(self.num_steps), verbose=0)
        for result, name in zip(results, self.val_model.metrics_names):
            logs["val_" + name] = result


write("train.tfrecord", range(64))
write("test.tfrecord", range(64, 96))
x_train_batch, y_train_batch = batches("train.tfrecord", 16)
assert x_train_batch.get_shape().as_list()[1:] == [8, 8, 1]
model_input = Input(tensor=x_train_batch)
model_output = cnn_layers(model_input)
train_model = Model(inputs=[model_input], outputs=[model_output])
train_model.add_loss(K.mean(categorical_crossentropy(y_train_batch, model_output)))
train_model.compile(optimizer=RMSprop(lr=1e-2, decay=1e-5), loss=None)

x_test_batch, y_test_batch = batches("test.tfrecord", 8)
test_input = Input(tensor=x_test_batch)
val_model = Model(inputs=test_input, outputs=cnn_layers(test_input))
val_model.compile(
    optimizer="rmsprop",
    loss="categorical_crossentropy",
    metrics=["accuracy"],
    target_tensors=[y_test_batch],
)

sess = K.get_session()
coord = tf.train.Coordinator()
threads = tf.train.start_queue_runners(sess, coord)
h = train_model.fit(
    epochs=6, steps_per_epoch=8, verbose=0, callbacks=[EvaluateInputTensor(val_model, 4)]
)
train_model.save_weights("saved_wt.h5")
coord.request_stop()
coord.join(threads)
assert h.history["loss"][-1] < h.history["loss"][0]
assert max(h.history["val_acc"]) > 0.6, h.history
K.clear_session()

x_test_inp = Input(batch_shape=(None, 8, 8, 1))
test_model = Model(inputs=x_test_inp, outputs=cnn_layers(x_test_inp))
test_model.load_weights("saved_wt.h5")
test_model.compile(
    optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"]
)
x_test = images[64:].reshape((32, 8, 8, 1)) / 255.0
loss, acc = test_model.evaluate(x_test, np_utils.to_categorical(labels[64:], num_classes), 16)
assert np.isclose(acc, h.history["val_acc"][-1])
