"""Training on examples that queues read from TFRecord files, distorted one by one."""

import numpy as np
import tensorflow as tf
from keras import backend as K
from keras.layers import Conv2D, Dense, Flatten, Input
from keras.models import Model
from keras.optimizers import Adam

np.random.seed(1)
num_classes, batch_size = 3, 16
labels = np.random.randint(0, num_classes, 120).astype(np.int)
images = (np.random.randint(0, 80, (120, 8, 8, 1)) + 80 * labels[:, None, None, None]).astype("uint8")

for part in range(2):
    with tf.python_io.TFRecordWriter("part-%d.tfrecords" % part) as writer:
        for i in range(60 * part, 60 * part + 60):
            feature = {
                "image": tf.train.Feature(bytes_list=tf.train.BytesList(value=[images[i].tobytes()])),
                "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[labels[i]])),
            }
            example = tf.train.Example(features=tf.train.Features(feature=feature))
            writer.write(example.SerializeToString())


def inputs(pattern):
    filename_queue = tf.train.string_input_producer(tf.train.match_filenames_once(pattern))
    _, serialized = tf.TFRecordReader().read(filename_queue)
    features = tf.parse_single_example(
        serialized,
        features={
            "image": tf.FixedLenFeature([], tf.string),
            "label": tf.FixedLenFeature([], tf.int64),
        },
    )
    image = tf.reshape(tf.decode_raw(features["image"], tf.uint8), [8, 8, 1])
    image = tf.image.random_flip_left_right(tf.cast(image, tf.float32) / 255.0)
    label = tf.one_hot(tf.cast(features["label"], tf.int32), num_classes)
    return tf.train.shuffle_batch(
        [image, label], batch_size, capacity=200, min_after_dequeue=100, num_threads=2
    )


x_batch, y_batch = inputs("part-*.tfrecords")
assert x_batch.get_shape().as_list() == [batch_size, 8, 8, 1]
x_in = Input(tensor=x_batch)
x = Conv2D(4, (3, 3), activation="relu")(x_in)
model = Model(x_in, Dense(num_classes, activation="softmax")(Flatten()(x)))
model.compile(
    Adam(lr=0.01), "categorical_crossentropy", metrics=["accuracy"], target_tensors=[y_batch]
)

sess = K.get_session()
coord = tf.train.Coordinator()
threads = tf.train.start_queue_runners(sess, coord)
h = model.fit(epochs=8, steps_per_epoch=8, verbose=0)
coord.request_stop()
coord.join(threads)
assert h.history["acc"][-1] > 0.9, h.history
