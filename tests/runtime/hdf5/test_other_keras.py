"""Files of tf.keras and Keras 3: the same predictions, and training goes on where it was."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from kir.errors import ConfigError, FileFormatError, UpgradeWarning
from kir.models import load_model, model_from_json
from kir.serde.config import upgrade_config
from tests.runtime.hdf5 import peers

pytestmark = [pytest.mark.tf, pytest.mark.slow]

MODELS = [
    "mlp",
    "cnn",
    "pooled",
    "lstm",
    "gru",
    "simple_rnn",
    "bidirectional",
    "cells",
    "conv_lstm",
    "masked",
    "time_distributed",
    "multi",
    "nested",
    "frozen",
    "operators",
    "gates",
    "states",
    "mixed",
    "lambdas",
]
OPTIMIZERS = ["sgd", "rmsprop", "adagrad", "adadelta", "adam", "amsgrad", "adamax", "nadam"]
OLD = [f"old_{name}" for name in OPTIMIZERS if name != "amsgrad"]
# What the writer computed in half precision, and what is known to differ by a warning.
TOLERANCES = {"mixed": 5e-2}
ASSUMED = ("mixed", "frozen")


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    """One folder with the files of each version."""
    found = {}
    for package in ("tf_keras", "keras"):
        found[package] = tmp_path_factory.mktemp(package)
        peers.run("write.py", package, found[package])
    return found


def arrays(path: Path, prefix: str) -> list[np.ndarray]:
    with np.load(path) as data:
        return [data[name] for name in data.files if name.startswith(prefix)]


# The weights of some are read into models made of JSON too: from both layouts of their files.
CASES = [("model", name) for name in MODELS]
CASES += [("weights", name) for name in ("cnn", "bidirectional", "nested", "frozen", "states")]
CASES += [("numbered weights", name) for name in ("cnn", "bidirectional", "nested", "multi")]


@pytest.mark.parametrize(("how", "name"), CASES)
@pytest.mark.parametrize("package", ["tf_keras", "keras"])
def test_predictions_are_those_of_the_writer(folders, package, name, how):
    folder = folders[package]
    custom = {"double": lambda t: t * 2}
    with warnings.catch_warnings():
        if name in ASSUMED:
            warnings.simplefilter("ignore", UpgradeWarning)
        if how == "model":
            model = load_model(folder / f"{name}.h5", custom, compile=False)
        else:
            model = model_from_json((folder / f"{name}.json").read_text(), custom)
            ending = "h5" if how == "weights" else "weights.h5"
            model.load_weights(folder / f"{name}.{ending}").require_complete()
    x = arrays(folder / f"{name}.npz", "x")
    found = model.predict(x if len(x) > 1 else x[0])
    found = found if isinstance(found, list) else [found]
    tolerance = TOLERANCES.get(name, 2e-5)
    for value, wanted in zip(found, arrays(folder / f"{name}.npz", "y"), strict=True):
        np.testing.assert_allclose(value, wanted, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("package", ["tf_keras", "keras"])
def test_what_the_upgrade_gives_is_read_without_another_one(folders, package):
    for name in MODELS:
        if name == "lambdas":
            continue
        config = json.loads((folders[package] / f"{name}.json").read_text())
        once = upgrade_config(config).config
        again = upgrade_config(json.loads(json.dumps(once)))
        assert not len(again.report), (name, str(again.report))


@pytest.mark.parametrize(
    ("package", "name"),
    [("tf_keras", name) for name in (*OPTIMIZERS, *OLD)] + [("keras", name) for name in OPTIMIZERS],
)
def test_training_goes_on(folders, package, name):
    folder = folders[package]
    with warnings.catch_warnings():
        if name.endswith("adagrad"):
            warnings.simplefilter("ignore", UpgradeWarning)
        model = load_model(folder / f"train_{name}.h5")
    assert model.metrics_names == ["loss", "acc"]
    with np.load(folder / "training_data.npz") as data:
        x, y = data["x"], data["y"]
    model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    wanted = arrays(folder / f"train_{name}.npz", "arr")
    for value, want in zip(model.get_weights(), wanted, strict=True):
        # RMSprop of later versions has epsilon inside the root.
        loose = 10 if name == "rmsprop" else 1
        np.testing.assert_allclose(value, want, rtol=loose * 2e-4, atol=loose * 2e-5)


def test_numbered_weights_are_read_as_a_whole(folders):
    folder = folders["keras"]
    model = load_model(folder / "mlp.h5", compile=False)
    with pytest.raises(ConfigError, match=r"`\.weights\.h5` file, which numbers the layers"):
        model.load_weights(folder / "mlp.weights.h5", by_name=True)
    with pytest.raises(FileFormatError, match="hold"):
        model.load_weights(folder / "cnn.weights.h5")
