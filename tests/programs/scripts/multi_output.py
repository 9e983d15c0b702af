"""Several inputs and outputs: losses and weights by name, class weights, custom metrics."""

import numpy as np
import keras
from keras.layers import Input, Embedding, LSTM, Dense
from keras.models import Model, model_from_json, model_from_yaml
from keras.callbacks import Callback, ModelCheckpoint, LearningRateScheduler, TerminateOnNaN
from keras import backend as K
from keras.optimizers import SGD, Adam
from keras import losses, metrics
from keras.utils import Sequence

np.random.seed(0)
headline_data = np.random.randint(1, 50, (40, 10))
additional_data = np.random.rand(40, 5)
labels = np.random.randint(0, 2, (40, 1))
main_input = Input(shape=(10,), dtype="int32", name="main_input")
x = Embedding(output_dim=8, input_dim=50, input_length=10)(main_input)
lstm_out = LSTM(8)(x)
auxiliary_output = Dense(1, activation="sigmoid", name="aux_output")(lstm_out)
auxiliary_input = Input(shape=(5,), name="aux_input")
x = keras.layers.concatenate([lstm_out, auxiliary_input])
x = Dense(16, activation="relu")(x)
main_output = Dense(1, activation="sigmoid", name="main_output")(x)
model = Model(inputs=[main_input, auxiliary_input], outputs=[main_output, auxiliary_output])


def precision(y_true, y_pred):
    true_positives = K.sum(K.round(K.clip(y_true * y_pred, 0, 1)))
    predicted_positives = K.sum(K.round(K.clip(y_pred, 0, 1)))
    return true_positives / (predicted_positives + K.epsilon())


def f1(y_true, y_pred):
    def recall(y_true, y_pred):
        true_positives = K.sum(K.round(K.clip(y_true * y_pred, 0, 1)))
        return true_positives / (K.sum(K.round(K.clip(y_true, 0, 1))) + K.epsilon())

    p, r = precision(y_true, y_pred), recall(y_true, y_pred)
    return 2 * ((p * r) / (p + r + K.epsilon()))


def focal_loss(gamma=2.0, alpha=0.25):
    def focal_loss_fixed(y_true, y_pred):
        pt_1 = K.switch(K.equal(y_true, 1), y_pred, K.ones_like(y_pred))
        pt_0 = K.switch(K.equal(y_true, 0), y_pred, K.zeros_like(y_pred))
        pt_1, pt_0 = K.clip(pt_1, 1e-3, 0.999), K.clip(pt_0, 1e-3, 0.999)
        return -K.sum(alpha * K.pow(1.0 - pt_1, gamma) * K.log(pt_1)) - K.sum(
            (1 - alpha) * K.pow(pt_0, gamma) * K.log(1.0 - pt_0)
        )

    return focal_loss_fixed


class LossHistory(Callback):
    def on_train_begin(self, logs={}):
        self.losses = []
        self.rates = []

    def on_batch_end(self, batch, logs={}):
        self.losses.append(logs.get("loss"))
        self.rates.append(K.get_value(self.model.optimizer.lr))


class EarlyStop(Callback):
    def on_epoch_end(self, epoch, logs=None):
        if epoch == 2:
            self.model.stop_training = True


def step_decay(epoch):
    return 0.1 * 0.5**epoch


model.compile(
    optimizer=SGD(lr=0.1, momentum=0.9),
    loss={"main_output": "binary_crossentropy", "aux_output": focal_loss()},
    loss_weights={"main_output": 1.0, "aux_output": 0.2},
    metrics={"main_output": ["accuracy", precision, f1]},
)
log = LossHistory()
history = model.fit(
    {"main_input": headline_data, "aux_input": additional_data},
    {"main_output": labels, "aux_output": labels},
    epochs=5,
    batch_size=10,
    class_weight={"main_output": {0: 1.0, 1: 3.0}},
    validation_split=0.25,
    verbose=0,
    callbacks=[
        log,
        LearningRateScheduler(step_decay),
        EarlyStop(),
        TerminateOnNaN(),
        ModelCheckpoint("w.{epoch:02d}-{val_loss:.2f}.hdf5", save_weights_only=True),
    ],
)
print(sorted(history.history))
assert len(history.epoch) == 3 and len(log.losses) == 9
np.testing.assert_allclose(log.rates[::3], [0.1, 0.05, 0.025], rtol=1e-6)
assert model.metrics_names == [
    "loss",
    "main_output_loss",
    "aux_output_loss",
    "main_output_acc",
    "main_output_precision",
    "main_output_f1",
]
K.set_value(model.optimizer.lr, 0.5 * K.get_value(model.optimizer.lr))


class Batches(Sequence):
    def __len__(self):
        return 4

    def __getitem__(self, i):
        part = slice(10 * i, 10 * i + 10)
        return (
            {"main_input": headline_data[part], "aux_input": additional_data[part]},
            {"main_output": labels[part], "aux_output": labels[part]},
        )


model.fit_generator(Batches(), epochs=1, verbose=0, workers=2, use_multiprocessing=False)
for again in (model_from_json(model.to_json()), model_from_yaml(model.to_yaml())):
    again.set_weights(model.get_weights())
    np.testing.assert_allclose(
        again.predict([headline_data, additional_data])[0],
        model.predict([headline_data, additional_data])[0],
        rtol=1e-5,
    )
