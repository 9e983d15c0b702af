"""TensorFlow.js: what is written, what is refused, and a browser that loads and runs it."""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import os
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from kir.errors import ExportError
from kir.layers import (
    GRU,
    LSTM,
    RNN,
    Activation,
    Bidirectional,
    Concatenate,
    Conv2D,
    Dense,
    Input,
    Lambda,
    LSTMCell,
    Masking,
    ReLU,
    Reshape,
    SpatialDropout2D,
)
from kir.models import Model, Sequential
from tests.runtime.export import golden, matrix

pytestmark = pytest.mark.tf


def document(folder):
    return json.loads((folder / "model.json").read_text())


def test_weights_lie_in_shards_under_their_names(tmp_path):
    model = Sequential([Dense(1100, input_shape=(1100,), name="wide"), Dense(1, name="end")])
    model.export(tmp_path / "model", to="tfjs")
    (group,) = document(tmp_path / "model")["weightsManifest"]
    names = [w["name"] for w in group["weights"]]
    assert names == ["wide/kernel", "wide/bias", "end/kernel", "end/bias"]
    assert group["paths"] == ["group1-shard1of2.bin", "group1-shard2of2.bin"]
    data = b"".join((tmp_path / "model" / p).read_bytes() for p in group["paths"])
    assert data == b"".join(w.tobytes() for w in model.get_weights())


def test_the_topology_is_what_keras_wrote(tmp_path):
    model = Sequential([Dense(2, input_shape=(3,))])
    model.export(tmp_path / "model", to="tfjs")
    topology = document(tmp_path / "model")["modelTopology"]
    assert topology["keras_version"] == "2.2.4"
    assert topology["model_config"] == {
        k: v for k, v in json.loads(model.to_json()).items() if k in ("class_name", "config")
    }


def test_what_only_training_needs_is_left_out(tmp_path):
    model = Sequential(
        [
            Conv2D(2, 3, kernel_constraint="non_neg", input_shape=(6, 6, 1)),
            SpatialDropout2D(0.1),
            Dense(2, activity_regularizer="l2"),
        ]
    )
    model.export(tmp_path / "model", to="tfjs")
    conv, dropout, dense = document(tmp_path / "model")["modelTopology"]["model_config"]["config"][
        "layers"
    ]
    assert conv["config"]["kernel_constraint"] is None
    assert dropout["class_name"] == "Dropout"
    assert dense["config"]["activity_regularizer"] is None


def test_axes_and_sizes_are_written_out(tmp_path):
    x = Input((4, 6))
    y = Reshape((-1, 3))(Concatenate(axis=-2)([x, x]))
    Model(x, y).export(tmp_path / "model", to="tfjs")
    *_, joined, shaped = document(tmp_path / "model")["modelTopology"]["model_config"]["config"][
        "layers"
    ]
    assert joined["config"]["axis"] == 1
    assert shaped["config"]["target_shape"] == [16, 3]


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (lambda x: Lambda(lambda v: v * 2, name="twice")(x), r"Lambda 'twice'.*no layer of this"),
        (lambda x: GRU(2, reset_after=True, name="gru")(x), r"GRU 'gru'.*no reset_after"),
        (lambda x: RNN([LSTMCell(2), LSTMCell(3)], name="rnn")(x), r"RNN 'rnn'.*only the cells"),
        (lambda x: Bidirectional(RNN(LSTMCell(2)), name="b")(x), r"Bidirectional 'b'.*class RNN"),
        (lambda x: ReLU(threshold=1.0, name="relu")(x), r"ReLU 'relu'.*no threshold"),
        (lambda x: Dense(2, activation=lambda v: v, name="d")(x), r"Dense 'd'.*its activation"),
        (lambda x: Activation("exponential", name="e")(x), r"Activation 'e'.*its activation"),
        (lambda x: LSTM(2, unroll=True, name="l")(Masking()(x)), r"LSTM 'l'.*does not unroll"),
    ],
)
def test_an_error_names_the_layer(output, message, tmp_path):
    x = Input((5, 3))
    with pytest.raises(ExportError, match=message):
        Model(x, output(x)).export(tmp_path / "model", to="tfjs")
    assert not list(tmp_path.iterdir())


# -- every layer


@pytest.mark.slow
def test_layers_that_are_not_refused_compute_what_the_reference_did(tmp_path):
    target = matrix.TARGETS["tfjs"]
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed")
    wanted = {}
    for case in golden.layer_cases():
        model, inputs, values = golden.layer_model(case)
        here = tmp_path / case.name.replace("/", "-")
        here.mkdir()
        try:
            model.export(here / "model", to="tfjs")
        except ExportError:
            here.rmdir()
            continue
        (here / "inputs.json").write_text(json.dumps([matrix.plain(x) for x in inputs]))
        wanted[here] = values
    matrix.run_all(target, tmp_path)
    for here, values in wanted.items():
        assert not (here / "error.txt").exists(), (here / "error.txt").read_text()
        found = json.loads((here / "outputs.json").read_text())
        for got, want in zip(found, values, strict=False):
            assert got["shape"] == list(want.shape), here.name
            np.testing.assert_allclose(
                got["data"], want.ravel(), rtol=1e-4, atol=1e-5, err_msg=here.name
            )
    # Most of Keras's layers, in most of their settings.
    assert len(wanted) > 240


# -- in a browser

PAGE = """<!doctype html><title>kir</title><script src="/tf.min.js"></script>
<script>
async function run(name) {
  const model = await tf.loadLayersModel(`/models/${name}/model/model.json`);
  const inputs = await (await fetch(`/models/${name}/inputs.json`)).json();
  const tensors = inputs.map((x) => tf.tensor(x.data, x.shape, x.dtype));
  const found = model.predict(tensors.length > 1 ? tensors : tensors[0]);
  return (Array.isArray(found) ? found : [found]).map((y) => Array.from(y.dataSync()));
}
</script>"""

IN_BROWSER = (
    "app_MobileNet",
    "imdb_bidirectional_lstm",
    "masked_sequence",
    "nested_model_in_model",
    "resnet_small",
    "seq2seq_states",
    "stateful_batch_input_shape",
    "time_distributed_layers",
    "unet_small",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder that a server shows, and its address."""
    try:
        package = matrix.tfjs_package() if shutil.which("npm") else None
    except OSError as error:
        pytest.skip(f"TensorFlow.js cannot be installed: {error}")
    if package is None:
        pytest.skip("npm is not installed")
    root = tmp_path_factory.mktemp("site")
    script = package / "node_modules" / "@tensorflow" / "tfjs" / "dist" / "tf.min.js"
    shutil.copy(script, root)
    (root / "index.html").write_text(PAGE)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=str(root))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield root, f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@contextlib.contextmanager
def browser_page(profile: Path):
    """A page of headless Chromium, whose errors fail the test."""
    playwright = pytest.importorskip("playwright.sync_api")
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("chromium is not installed")
    arguments = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
    with playwright.sync_playwright() as tool:
        context = tool.chromium.launch_persistent_context(
            str(profile), executable_path=program, headless=True, args=arguments
        )
        yield context.pages[0] if context.pages else context.new_page()
        context.close()


@pytest.mark.slow
def test_a_browser_predicts_what_the_models_do(site, tmp_path):
    root, address = site
    wanted = {}
    for name in IN_BROWSER:
        here = root / "models" / name
        os.makedirs(here)
        model = golden.architecture(name)
        inputs = golden.inputs_of(model, matrix.BATCH)
        model.export(here / "model", to="tfjs")
        (here / "inputs.json").write_text(json.dumps([matrix.plain(x) for x in inputs]))
        wanted[name] = golden.predictions(model, inputs)
    with browser_page(tmp_path / "profile") as page:
        problems = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(address)
        page.evaluate("tf.setBackend('cpu')")
        for name, values in wanted.items():
            found = page.evaluate(f"run({name!r})")
            for got, want in zip(found, values, strict=True):
                np.testing.assert_allclose(got, want.ravel(), rtol=1e-4, atol=1e-5, err_msg=name)
        assert not problems
