"""TensorBoard itself on runs that kir wrote: its answers, and its pages in a real browser.

Pictures of the pages are left in ``build/screenshots``.
"""

from __future__ import annotations

import io
import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytestmark = [pytest.mark.tf, pytest.mark.slow]

EPOCHS = 4
RUNS = ("adam", "sgd")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
BROWSER_OPTIONS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
PATIENCE = 60  # seconds until something must have shown up, on a busy machine


def make_model():
    """A model with all that pages can show: nested, convolutional, recurrent, an embedding."""
    from kir.layers import LSTM, Conv2D, Dense, Dropout, Embedding, Flatten, Input, concatenate
    from kir.models import Model, Sequential

    encoder = Sequential(
        [
            Conv2D(8, 3, activation="relu", input_shape=(8, 8, 1), name="conv_1"),
            Conv2D(16, 3, activation="relu", name="conv_2"),
            Flatten(name="flat"),
        ],
        name="encoder",
    )
    image, words = Input((8, 8, 1), name="image"), Input((3,), name="words")
    reader = LSTM(8, name="reader")(Embedding(10, 8, name="tokens")(words))
    x = concatenate([encoder(image), reader], name="join")
    x = Dense(32, activation="relu", name="hidden")(Dropout(0.5, name="drop")(x))
    return Model([image, words], Dense(10, activation="softmax", name="digit")(x), name="net")


@pytest.fixture(scope="module")
def log_dir(tmp_path_factory):
    """Two runs of the same model, with everything that the callback writes."""
    from sklearn.datasets import load_digits

    from kir import backend as K
    from kir.callbacks import TensorBoard

    folder = tmp_path_factory.mktemp("logs")
    digits = load_digits()
    count = 600
    images, numbers = digits.images[:count, :, :, None] / 16.0, digits.target[:count]
    words = np.stack([numbers, numbers * 3 % 10, np.arange(count) % 10], axis=1)
    labels = folder / "labels.tsv"
    labels.write_text("".join(f"{n}\n" for n in numbers[:100]))
    for optimizer in RUNS:
        K.clear_session()
        np.random.seed(1)
        model = make_model()
        model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
        callback = TensorBoard(
            str(folder / optimizer),
            histogram_freq=1,
            write_grads=True,
            write_images=True,
            embeddings_freq=1,
            embeddings_layer_names=["tokens", "hidden"],
            embeddings_metadata=str(labels),
            embeddings_data=[images[:100], words[:100]],
        )
        model.fit(
            [images, words],
            numbers[:, None],
            epochs=EPOCHS,
            verbose=0,
            validation_split=0.2,
            callbacks=[callback],
        )
    return folder


@pytest.fixture(scope="module")
def server(log_dir):
    """The address of a TensorBoard that shows the runs."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(log_dir)]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    output = log_dir.parent / "tensorboard.txt"
    with output.open("w") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 2 * PATIENCE
        while not has_loaded(address):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"TensorBoard did not start:\n{output.read_text()}", pytrace=False)
            time.sleep(0.25)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def has_loaded(address):
    """Whether the server answers and has read the runs to their end."""
    try:
        for run in RUNS:
            data = ask(address, f"scalars/scalars?run={run}&tag=acc")
            if len(data) < EPOCHS:
                return False
        return bool(fetch(f"{address}/data/plugins_listing")["projector"]["enabled"])
    except OSError:
        return False


def ask(address, path):
    return fetch(f"{address}/data/plugin/{path}")


def fetch(url):
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        text = answer.read().decode()
    return json.loads(text) if "json" in answer.headers["Content-Type"] else text


# -- what the server answers


def test_scalars_are_served(server):
    assert set(ask(server, "scalars/tags")["adam"]) == {"loss", "acc", "val_loss", "val_acc"}
    data = ask(server, "scalars/scalars?run=adam&tag=val_loss")
    assert [step for _, step, _ in data] == list(range(EPOCHS))
    assert data[-1][2] < data[0][2]


def test_histograms_and_distributions_are_served(server):
    for plugin in ("histograms/histograms", "distributions/distributions"):
        for tag in ("hidden/kernel_0", "hidden/kernel_0_grad", "hidden_out"):
            data = ask(server, f"{plugin}?run=adam&tag={tag}")
            assert [step for _, step, _ in data] == list(range(EPOCHS))
    counts = {
        tag: sum(
            bucket[2] for bucket in ask(server, f"histograms/histograms?run=sgd&tag={tag}")[0][2]
        )
        for tag in ("hidden/kernel_0", "hidden_out", "tokens_out")
    }
    assert counts == {"hidden/kernel_0": 264 * 32, "hidden_out": 120 * 32, "tokens_out": 120 * 24}


def test_images_are_served(server):
    tags = ask(server, "images/tags")["adam"]
    assert "conv_2/kernel_0/image/0" in tags
    found = ask(server, "images/images?run=adam&tag=conv_2/kernel_0/image/0&sample=0")
    assert [image["step"] for image in found] == list(range(EPOCHS))
    query = urllib.parse.urlencode({"blob_key": found[-1]["query"].removeprefix("blob_key=")})
    path = f"{server}/data/plugin/images/individualImage?{query}"
    with urllib.request.urlopen(path, timeout=PATIENCE) as answer:
        picture = Image.open(io.BytesIO(answer.read()))
    assert picture.size == (16 * 4 - 1, 8 * 4 - 1)


def test_both_graphs_are_served_in_one_run(server):
    info = ask(server, "graphs/info")["adam"]
    assert info["run_graph"]
    assert info["tags"]["keras"]["conceptual_graph"]
    options = "limit_attr_size=1024&large_attrs_key=x"
    layers = ask(server, f"graphs/graph?run=adam&conceptual=true&tag=keras&{options}")
    assert 'name: "net/encoder/conv_2"\n  input: "net/encoder/conv_1"' in layers
    assert 'input: "net/encoder/flat"\n  input: "net/reader"' in layers
    operations = ask(server, f"graphs/graph?run=adam&{options}")
    assert 'name: "encoder/conv_2/' in operations


def test_embeddings_are_served(server):
    info = ask(server, "projector/info?run=adam")
    found = {e["tensorName"]: (e["tensorShape"], e["metadataPath"]) for e in info["embeddings"]}
    assert found == {
        "tokens_embedding": ([100, 24], "labels.tsv"),
        "hidden_embedding": ([100, 32], "labels.tsv"),
    }
    labels = ask(server, "projector/metadata?run=adam&name=hidden_embedding&num_rows=100")
    assert len(labels.split()) == 100


# -- what a person sees


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A page of a headless Chromium."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="Playwright is not installed: pip install playwright"
    )
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip("There is no Chromium: apt-get install chromium")
    with playwright.sync_playwright() as started:
        context = started.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"),
            executable_path=program,
            headless=True,
            viewport={"width": 1400, "height": 1000},
            args=BROWSER_OPTIONS.split(),
        )
        context.set_default_timeout(1000 * PATIENCE)
        yield context
        context.close()


@pytest.fixture
def page(browser):
    """A new page that must not complain."""
    found = browser.new_page()
    complaints = []
    found.on("pageerror", lambda error: complaints.append(str(error)))
    found.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    yield found
    found.close()
    assert complaints == []


@pytest.fixture
def keep(page, request):
    """`keep(name)` takes a picture of the page."""
    folder = Path(request.config.rootpath) / "build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)

    def take(name):
        page.wait_for_timeout(700)  # until what fades in has done so
        page.screenshot(path=folder / f"tensorboard-{name}.png")

    return take


def test_the_scalars_page_draws_a_line_for_each_run(server, page, keep):
    page.goto(f"{server}/#scalars&tagFilter=loss%7Cacc")
    for tag in ("loss", "acc", "val_loss", "val_acc"):
        card = page.locator("tf-scalar-card").filter(has_text=f"tag: {tag}").first
        card.wait_for()
        card.locator("path.line, g.line-plot path").nth(len(RUNS) - 1).wait_for(state="attached")
    keep("scalars")


def test_the_histograms_page_draws_an_epoch_behind_the_other(server, page, keep):
    page.goto(f"{server}/#histograms&tagFilter=hidden")
    for tag in ("hidden/kernel_0", "hidden/kernel_0_grad", "hidden_out"):
        card = page.locator("tf-histogram-loader").filter(has_text=f"tag: {tag}").first
        card.wait_for()
        card.locator("g.histogram path").nth(EPOCHS - 1).wait_for(state="attached")
    keep("histograms")


def test_the_distributions_page_draws_areas(server, page, keep):
    page.goto(f"{server}/#distributions&tagFilter=hidden")
    card = page.locator("tf-distribution-loader").filter(has_text="tag: hidden/kernel_0").first
    card.wait_for()
    card.locator("path.area, g.area-plot path").first.wait_for(state="attached")
    keep("distributions")


def test_the_images_page_shows_kernels(server, page, keep):
    page.goto(f"{server}/#images&tagFilter=conv_2%2Fkernel%7Ctokens%7Chidden%2Fkernel")
    card = page.locator("tf-image-loader").filter(has_text="conv_2/kernel_0/image/0").first
    card.locator("img").wait_for()
    page.wait_for_function(
        "image => image.complete && image.naturalWidth > 0",
        arg=card.locator("img").element_handle(),
    )
    keep("images")


def names_in_graph(page):
    return set(page.locator("g.node > text.nodelabel, g.node title").all_text_contents())


def open_graph(page, server):
    page.goto(f"{server}/#graphs&run=adam")
    page.locator("g.node").filter(has_text="metrics").first.wait_for()


def test_the_graphs_page_groups_operations_by_layer(server, page, keep):
    open_graph(page, server)
    expected = {"image", "words", "encoder", "tokens", "reader", "join", "hidden", "digit"}
    assert {*expected, "loss", "metrics"} <= names_in_graph(page)
    assert page.locator("g.edge path").count() >= 10
    keep("operations")


def test_the_graphs_page_shows_the_layers_and_their_connections(server, page, keep):
    open_graph(page, server)
    page.locator("tf-graph-controls paper-dropdown-menu").nth(1).click()
    page.locator("paper-item").filter(has_text="keras").first.click()
    page.get_by_text("Conceptual graph").click()
    page.locator("g.node").filter(has_text="net").first.dblclick()
    page.locator("g.node").filter(has_text="encoder").last.wait_for()
    keep("layers")
    page.locator("g.node").filter(has_text="encoder").last.dblclick()
    page.locator("g.node").filter(has_text="conv_2").last.wait_for()
    expected = {"image", "words", "tokens", "reader", "join", "drop", "hidden", "digit"}
    assert {*expected, "conv_1", "conv_2", "flat"} <= names_in_graph(page)
    assert page.locator("g.edge path").count() >= 10
    keep("layers-of-a-nested-model")


def test_the_projector_shows_a_point_for_each_sample(server, page, keep):
    page.goto(f"{server}/#projector")
    inside = page.frame_locator("iframe").frame_locator("iframe")
    inside.locator(".numDataPoints").filter(has_text="100").wait_for()
    inside.locator(".dim").filter(has_text="32").wait_for()
    page.wait_for_timeout(3000)  # until the camera has come to rest
    keep("projector")


def test_the_hparams_page_compares_the_runs(server, page, keep):
    page.goto(f"{server}/#hparams")
    for name in ("Adam", "SGD"):
        page.get_by_text(name, exact=True).first.wait_for()
    keep("hparams")
