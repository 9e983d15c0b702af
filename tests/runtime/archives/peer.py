"""Run by a process of its own, with Keras 3: what that makes of archives that kir wrote.

Of each archive NAME.keras in the folder it is given, it writes NAME.out.npz with the predictions
for the inputs x0, x1, ... of NAME.npz, or the text of the failure; and where there are targets
(y0), the losses and the weights after training on.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras  # noqa: TID251 - this is the peer
import numpy as np


def numbered(data, letter):
    return [data[f"{letter}{i}"] for i in range(99) if f"{letter}{i}" in data]


def judge(path):
    data = np.load(path.with_suffix(".npz"))
    inputs, targets = numbered(data, "x"), numbered(data, "y")
    inputs = inputs if len(inputs) > 1 else inputs[0]
    model = keras.models.load_model(path)
    found = model(inputs, training=False)
    found = found if isinstance(found, list | tuple) else [found]
    out = {f"p{i}": np.asarray(one) for i, one in enumerate(found)}
    if targets:
        history = model.fit(
            inputs, targets[0], batch_size=8, epochs=3, shuffle=False, verbose=0
        ).history
        out["loss"] = np.asarray(history["loss"])
        out |= {f"w{i}": w for i, w in enumerate(model.get_weights())}
    return out


if __name__ == "__main__":
    print(keras.__version__)
    for path in sorted(Path(sys.argv[1]).glob("*.keras")):
        try:
            out = judge(path)
        except Exception as error:
            out = {"failure": np.asarray(f"{type(error).__name__}: {error}")}
        np.savez(path.with_suffix(".out.npz"), **out)
