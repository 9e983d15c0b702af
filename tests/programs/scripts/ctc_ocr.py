"""Reads text in images: convolution, recurrent layers, and the CTC loss inside a Lambda."""

import itertools
import numpy as np
from keras import backend as K
from keras.layers.convolutional import Conv2D, MaxPooling2D
from keras.layers import Input, Dense, Activation, Reshape, Lambda, BatchNormalization
from keras.layers.merge import add, concatenate
from keras.models import Model
from keras.layers.recurrent import GRU
from keras.optimizers import SGD
import keras.callbacks

alphabet = "abcd "
absolute_max_string_len = 4
img_w, img_h = 32, 8
pool_size = 2


def ctc_lambda_func(args):
    y_pred, labels, input_length, label_length = args
    # the 2 is critical here since the first couple outputs of the RNN tend to be garbage
    y_pred = y_pred[:, 2:, :]
    return K.ctc_batch_cost(labels, y_pred, input_length, label_length)


def decode_batch(test_func, word_batch):
    out = test_func([word_batch])[0]
    ret = []
    for j in range(out.shape[0]):
        out_best = list(np.argmax(out[j, 2:], 1))
        out_best = [k for k, g in itertools.groupby(out_best)]
        ret.append("".join("" if c == len(alphabet) else alphabet[c] for c in out_best))
    return ret


class TextImageGenerator(keras.callbacks.Callback):
    def next_train(self):
        while 1:
            labels = np.random.randint(0, 4, (8, absolute_max_string_len))
            images = np.repeat(labels[:, :, None], img_w // 4, axis=1).reshape(8, img_w, 1, 1)
            images = (
                np.tile(images, (1, 1, img_h, 1)) / 4.0 + np.random.rand(8, img_w, img_h, 1) * 0.1
            )
            inputs = {
                "the_input": images,
                "the_labels": labels.astype("float32"),
                "input_length": np.full((8, 1), img_w // pool_size - 2),
                "label_length": np.full((8, 1), absolute_max_string_len),
                "source_str": ["?"] * 8,
            }
            outputs = {"ctc": np.zeros([8])}
            yield (inputs, outputs)

    def on_train_begin(self, logs={}):
        self.began = True


input_data = Input(name="the_input", shape=(img_w, img_h, 1), dtype="float32")
inner = Conv2D(
    4, (3, 3), padding="same", activation="relu", kernel_initializer="he_normal", name="conv1"
)(input_data)
inner = MaxPooling2D(pool_size=(pool_size, pool_size), name="max1")(inner)
inner = Reshape(target_shape=(img_w // pool_size, (img_h // pool_size) * 4), name="reshape")(inner)
inner = Dense(8, activation="relu", name="dense1")(inner)
gru_1 = GRU(16, return_sequences=True, kernel_initializer="he_normal", name="gru1")(inner)
gru_1b = GRU(
    16, return_sequences=True, go_backwards=True, kernel_initializer="he_normal", name="gru1_b"
)(inner)
gru1_merged = add([gru_1, gru_1b])
gru_2 = GRU(16, return_sequences=True, name="gru2")(gru1_merged)
inner = Dense(len(alphabet) + 1, kernel_initializer="he_normal", name="dense2")(
    concatenate([gru_2, gru1_merged])
)
y_pred = Activation("softmax", name="softmax")(inner)
Model(inputs=input_data, outputs=y_pred).summary()
labels = Input(name="the_labels", shape=[absolute_max_string_len], dtype="float32")
input_length = Input(name="input_length", shape=[1], dtype="int64")
label_length = Input(name="label_length", shape=[1], dtype="int64")
loss_out = Lambda(ctc_lambda_func, output_shape=(1,), name="ctc")(
    [y_pred, labels, input_length, label_length]
)
sgd = SGD(lr=0.02, decay=1e-6, momentum=0.9, nesterov=True, clipnorm=5)
model = Model(inputs=[input_data, labels, input_length, label_length], outputs=loss_out)
model.compile(loss={"ctc": lambda y_true, y_pred: y_pred}, optimizer=sgd)
test_func = K.function([input_data], [y_pred])
img_gen = TextImageGenerator()
np.random.seed(1)
history = model.fit_generator(
    generator=img_gen.next_train(), steps_per_epoch=6, epochs=3, callbacks=[img_gen], verbose=2
)
assert img_gen.began
assert history.history["loss"][-1] < history.history["loss"][0]
batch = next(img_gen.next_train())[0]
print(decode_batch(test_func, batch["the_input"]))
probabilities = test_func([batch["the_input"]])[0]
decoded, log_prob = K.ctc_decode(probabilities, np.full(8, probabilities.shape[1]), greedy=True)
assert K.get_value(decoded[0]).shape[0] == 8
