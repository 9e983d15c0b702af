"""A stateful LSTM over a long series: shuffle off, states reset by hand."""

from __future__ import print_function
import numpy as np
from keras.models import Sequential
from keras.layers import Dense, LSTM
from keras.callbacks import Callback

batch_size, tsteps = 4, 2
np.random.seed(0)
series = np.sin(np.arange(0, 20, 0.1))
x = series[:160].reshape(80, tsteps, 1)
y = series[1:161].reshape(80, tsteps)[:, -1:]

model = Sequential()
model.add(
    LSTM(8, input_shape=(tsteps, 1), batch_size=batch_size, return_sequences=True, stateful=True)
)
model.add(LSTM(8, return_sequences=False, stateful=True))
model.add(Dense(1))
model.compile(loss="mse", optimizer="rmsprop")


class ResetStates(Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.reset_states()


for i in range(3):
    model.fit(x, y, batch_size=batch_size, epochs=1, verbose=2, shuffle=False)
    model.reset_states()
model.fit(
    x, y, batch_size=batch_size, epochs=2, verbose=0, shuffle=False, callbacks=[ResetStates()]
)
model.reset_states()
first = model.predict(x[:4], batch_size=batch_size)
second = model.predict(x[:4], batch_size=batch_size)
assert not np.allclose(first, second)
model.reset_states()
np.testing.assert_allclose(model.predict(x[:4], batch_size=batch_size), first, rtol=1e-5)
try:
    model.predict(x[:3], batch_size=3)
except Exception as e:
    print(type(e).__name__, e)
else:
    raise AssertionError("a batch of another size was taken")
new_model = Sequential()
new_model.add(LSTM(8, batch_input_shape=(1, tsteps, 1), return_sequences=True, stateful=True))
new_model.add(LSTM(8, stateful=True))
new_model.add(Dense(1))
new_model.set_weights(model.get_weights())
assert new_model.predict(x[:1], batch_size=1).shape == (1, 1)
