"""Weights of Keras 0.3 and 1, of Theano and of cuDNN, in files as those versions wrote them."""

import functools
import json
import warnings

import h5py
import numpy as np
import pytest

from kir import backend as K
from kir import layers as L  # noqa: N812 - as in Keras programs
from kir.engine.saving import preprocess_weights_for_loading
from kir.errors import FileFormatError, RepairWarning, ShapeError
from kir.models import Model, Sequential, load_model
from kir.utils.layer_utils import convert_all_kernels_in_model

pytestmark = pytest.mark.tf

RANDOM = np.random.RandomState(3)


def randomize(model):
    model.set_weights([RANDOM.normal(size=w.shape) for w in model.get_weights()])
    return model


def in_keras_1(kernel, recurrent, bias, order):
    """One array for each gate and purpose, as Keras 1 listed them."""
    parts = [np.split(a, len(order), axis=-1) for a in (kernel, recurrent, bias)]
    return [part[gate] for gate in order for part in parts]


def write_keras_1(path, model, arrays, **attributes):
    """A weights file without a version, as Keras 1 wrote it."""
    with h5py.File(path, "w") as file:
        names = [layer.name.encode() for layer in model.layers]
        file.attrs["layer_names"] = names
        for key, value in attributes.items():
            file.attrs[key] = value
        for layer in model.layers:
            group = file.create_group(layer.name)
            found = arrays.get(layer.name, layer.get_weights())
            group.attrs["weight_names"] = [f"p{i}".encode() for i in range(len(found))]
            for i, array in enumerate(found):
                group[f"p{i}"] = array
    return path


# How Keras 1 kept the arrays that a layer has now.
KEPT = {
    "lstm": (L.LSTM(3), (5, 2), lambda w: in_keras_1(*w, order=(0, 2, 1, 3))),
    "gru": (L.GRU(3), (5, 2), lambda w: in_keras_1(*w, order=(0, 1, 2))),
    "bidirectional": (
        L.Bidirectional(L.LSTM(2)),
        (5, 2),
        lambda w: in_keras_1(*w[:3], order=(0, 2, 1, 3)) + in_keras_1(*w[3:], order=(0, 2, 1, 3)),
    ),
    "conv_1d": (L.Conv1D(4, 3), (7, 2), lambda w: [w[0][:, None], w[1]]),
    "early_conv_1d": (
        L.Conv1D(4, 3),
        (7, 2),
        lambda w: [w[0][:, None].transpose(3, 2, 0, 1), w[1]],
    ),
    "conv_2d": (L.Conv2D(4, 3), (7, 7, 2), lambda w: w),
    "conv_2d_th": (
        L.Conv2D(4, (3, 2), data_format="channels_first"),
        (2, 7, 7),
        lambda w: [w[0].transpose(3, 2, 0, 1), w[1]],
    ),
    "conv_2d_transpose": (
        L.Conv2DTranspose(4, 3),
        (7, 7, 2),
        lambda w: [w[0].transpose(0, 1, 3, 2), w[1]],
    ),
    "conv_3d_th": (
        L.Conv3D(4, 2, data_format="channels_first"),
        (2, 4, 4, 4),
        lambda w: [w[0].transpose(4, 3, 0, 1, 2), w[1]],
    ),
    "time_distributed": (
        L.TimeDistributed(L.Conv2D(4, 3, data_format="channels_first")),
        (2, 2, 7, 7),
        lambda w: [w[0].transpose(3, 2, 0, 1), w[1]],
    ),
    "conv_lstm": (
        L.ConvLSTM2D(2, 3),
        (2, 5, 5, 1),
        lambda w: in_keras_1(*w, order=(0, 2, 1, 3)),
    ),
}


def rebuilt(layer, shape):
    config = layer.get_config()
    made = type(layer).from_config(config)
    return Sequential([L.InputLayer(input_shape=shape), made])


@pytest.mark.parametrize("name", KEPT)
def test_arrays_of_keras_1_are_converted(tmp_path, name):
    layer, shape, keep = KEPT[name]
    model = randomize(rebuilt(layer, shape))
    old = {model.layers[0].name: keep(model.get_weights())}
    path = write_keras_1(tmp_path / "w.h5", model, old)
    other = rebuilt(layer, shape)
    report = other.load_weights(path).require_complete()
    assert len(report.matched) == len(other.weights)
    for found, wanted in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_nested_models_of_keras_1_are_converted(tmp_path):
    def build():
        x = L.Input((5, 2))
        y = L.LSTM(3, return_sequences=True)(x)
        y = L.BatchNormalization()(y)
        inner = Model(x, L.GRU(2)(y), name="inner")
        z = L.Input((5, 2))
        return Model(z, L.Dense(1)(inner(z)))

    model = randomize(build())
    lstm, norm, gru = model.get_layer("inner").layers[1:]
    old = in_keras_1(*lstm.get_weights(), order=(0, 2, 1, 3)) + norm.get_weights()[:2]
    old += in_keras_1(*gru.get_weights(), order=(0, 1, 2)) + norm.get_weights()[2:]
    path = write_keras_1(tmp_path / "w.h5", model, {"inner": old})
    other = build()
    with h5py.File(path, "r+") as file:  # names differ from model to model
        file.attrs["layer_names"] = [layer.name.encode() for layer in other.layers]
        for mine, theirs in zip(model.layers, other.layers, strict=True):
            if mine.name != theirs.name:
                file.move(mine.name, theirs.name)
    other.load_weights(path)
    for found, wanted in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_files_without_a_version_that_fit_are_taken_as_they_are(tmp_path):
    layer = L.Conv2D(2, (3, 2), data_format="channels_first")
    model = randomize(rebuilt(layer, (2, 7, 7)))
    path = write_keras_1(tmp_path / "w.h5", model, {})
    other = rebuilt(layer, (2, 7, 7))
    other.load_weights(path)
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])


@pytest.mark.parametrize("nested", [False, True])
def test_kernels_of_theano_are_turned_around(tmp_path, nested):
    def build():
        inner = Sequential([L.Conv2D(2, (3, 2), input_shape=(6, 6, 1)), L.Conv2D(1, 2)])
        return Sequential([inner]) if nested else inner

    model = randomize(build())
    turned = [w[::-1, ::-1] if w.ndim == 4 else w for w in model.get_weights()]
    other = build()
    arrays = {model.layers[0].name: turned}
    if not nested:
        arrays = {model.layers[0].name: turned[:2], model.layers[1].name: turned[2:]}
    path = write_keras_1(tmp_path / "w.h5", model, arrays, backend="theano", keras_version="2.0.8")
    other.load_weights(path)
    for found, wanted in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_kernels_without_a_backend_are_turned_around_by_hand(tmp_path):
    model = randomize(Sequential([L.Conv2D(2, 3, input_shape=(6, 6, 1))]))
    flipped = [model.get_weights()[0][::-1, ::-1], model.get_weights()[1]]
    path = write_keras_1(tmp_path / "w.h5", model, {model.layers[0].name: flipped})
    other = Sequential([L.Conv2D(2, 3, input_shape=(6, 6, 1))])
    other.load_weights(path)
    convert_all_kernels_in_model(other)
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])


def write_keras_0(path, model, arrays):
    """A file whose layers and weights are numbered, as Keras 0.3 wrote it."""
    with h5py.File(path, "w") as file:
        file.attrs["nb_layers"] = len(model.layers)
        for i, layer in enumerate(model.layers):
            group = file.create_group(f"layer_{i}")
            found = arrays.get(i, layer.get_weights())
            group.attrs["nb_params"] = len(found)
            for n, array in enumerate(found):
                group[f"param_{n}"] = array
    return path


def test_numbered_files_of_keras_0_are_read(tmp_path):
    def build():
        return Sequential([L.Dense(3, input_shape=(2,)), L.Dropout(0.5), L.Dense(1)])

    model, other = randomize(build()), build()
    path = write_keras_0(tmp_path / "w.h5", model, {})
    other.load_weights(path)
    np.testing.assert_array_equal(other.get_weights()[2], model.get_weights()[2])
    with h5py.File(path, "r+") as file:
        file.attrs["nb_layers"] = 10**9
    with pytest.raises(FileFormatError, match=r"'nb_layers'.*1000000000.*3 members"):
        other.load_weights(path)


def test_keras_0_kept_the_standard_deviation(tmp_path):
    model = Sequential([L.BatchNormalization(epsilon=0.1, input_shape=(2,))])
    mean, deviation = np.array([1.0, 2.0]), np.array([0.5, 3.0])
    arrays = {0: [np.ones(2), np.zeros(2), mean, deviation]}
    model.load_weights(write_keras_0(tmp_path / "w.h5", model, arrays))
    x = RANDOM.normal(size=(3, 2))
    np.testing.assert_allclose(model.predict(x), (x - mean) / (deviation + 0.1), rtol=1e-5)


PAIRS = [
    (L.CuDNNLSTM, L.LSTM, {"recurrent_activation": "sigmoid"}),
    (L.CuDNNGRU, L.GRU, {"recurrent_activation": "sigmoid", "reset_after": True}),
]


@pytest.mark.parametrize(("cudnn", "plain", "arguments"), PAIRS)
@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("back", [False, True])
def test_cudnn_and_plain_layers_take_each_others_weights(
    tmp_path, cudnn, plain, arguments, wrap, back
):
    def build(cls, **more):
        layer = cls(4, name="r", **more)
        layer = L.Bidirectional(layer, name="b") if wrap else layer
        return Sequential([L.InputLayer(input_shape=(5, 3)), layer])

    makers = [lambda: build(cudnn), lambda: build(plain, **arguments)]
    first, second = reversed(makers) if back else makers
    source, target = randomize(first()), second()
    source.save_weights(tmp_path / "w.h5")
    target.load_weights(tmp_path / "w.h5").require_complete()
    x = RANDOM.normal(size=(2, 5, 3))
    np.testing.assert_allclose(target.predict(x), source.predict(x), atol=1e-5)


def test_a_gru_without_reset_after_takes_none_of_cudnn(tmp_path):
    source = Sequential([L.CuDNNGRU(4, input_shape=(5, 3))])
    source.save_weights(tmp_path / "w.h5")
    target = Sequential([L.GRU(4, input_shape=(5, 3))])
    match = r"CuDNNGRU is not compatible with GRU\(reset_after=False\)"
    with pytest.raises(ShapeError, match=match):
        target.load_weights(tmp_path / "w.h5")


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        (L.GRU, L.CuDNNGRU, r"GRU\(reset_after=False\) is not compatible with CuDNNGRU"),
        (L.CuDNNGRU, L.GRU, r"CuDNNGRU is not compatible with GRU\(reset_after=False\)"),
        (
            functools.partial(L.GRU, reset_after=True),
            L.GRU,
            r"GRU\(reset_after=True\) is not compatible with GRU\(reset_after=False\)",
        ),
    ],
)
def test_a_gru_that_is_not_built_yet_takes_no_other_kind(source, target, message):
    made = Sequential([source(2, input_shape=(5, 3))])
    with pytest.raises(ShapeError, match=message):
        preprocess_weights_for_loading(target(2), made.get_weights())


def test_the_function_of_keras_converts_too():
    model = Sequential([L.Conv2D(2, 3, data_format="channels_first", input_shape=(1, 5, 5))])
    kernel = np.zeros((2, 1, 3, 3))
    found = preprocess_weights_for_loading(
        model.layers[0], [kernel, np.zeros(2)], "1", "tensorflow"
    )
    assert found[0].shape == (3, 3, 1, 2)


def build_for_gpus():
    return Sequential([L.Dense(3, input_shape=(2,)), L.BatchNormalization(), L.Dense(1)])


def write_copies(path, model):
    """What `multi_gpu_model(model, 2).save(path)` wrote."""
    template = {**json.loads(model.to_json()), "name": "model_1", "inbound_nodes": []}
    template = {k: template[k] for k in ("class_name", "config", "name", "inbound_nodes")}
    layers = [
        {
            "class_name": "InputLayer",
            "config": {"batch_input_shape": [None, 2], "dtype": "float32", "name": "x"},
            "name": "x",
            "inbound_nodes": [],
        }
    ]
    for i in range(2):
        config = {
            "name": f"lambda_{i}",
            "function": ["4wE=", None, None],
            "function_type": "lambda",
            "arguments": {"i": i, "parts": 2},
        }
        calls = [[["x", 0, 0, {}]]]
        entry = {"class_name": "Lambda", "config": config, "name": f"lambda_{i}"}
        layers.append({**entry, "inbound_nodes": calls})
        template["inbound_nodes"].append([[f"lambda_{i}", 0, 0, {}]])
    join = {"class_name": "Concatenate", "config": {"name": "out", "axis": 0}, "name": "out"}
    layers += [
        template,
        {**join, "inbound_nodes": [[["model_1", 1, 0, {}], ["model_1", 2, 0, {}]]]},
    ]
    config = {"name": "m", "layers": layers, "input_layers": [["x", 0, 0]]}
    config["output_layers"] = [["out", 0, 0]]
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = "2.2.4"
        file.attrs["model_config"] = json.dumps({"class_name": "Model", "config": config})
        group = file.create_group("model_weights")
        group.attrs["keras_version"] = "2.2.4"
        group.attrs["layer_names"] = [b"x", b"lambda_0", b"lambda_1", b"model_1", b"out"]
        for name in ("x", "lambda_0", "lambda_1", "model_1", "out"):
            arrays = [w.get_value() for w in model.weights] if name == "model_1" else []
            inner = group.create_group(name)
            inner.attrs["weight_names"] = [f"w{i}".encode() for i in range(len(arrays))]
            for i, array in enumerate(arrays):
                inner[f"w{i}"] = array


def test_the_model_that_multi_gpu_model_copied_is_loaded(tmp_path):
    model = build_for_gpus()
    randomize(model)
    write_copies(tmp_path / "m.h5", model)
    with pytest.warns(RepairWarning, match="multi_gpu_model"):
        loaded = load_model(tmp_path / "m.h5", compile=False)
    other = build_for_gpus()
    with pytest.warns(RepairWarning, match="multi_gpu_model"):
        other.load_weights(tmp_path / "m.h5")
    for found in (loaded, other):
        for value, wanted in zip(found.get_weights(), model.get_weights(), strict=True):
            np.testing.assert_array_equal(value, wanted)


def without_kir_input(path):
    with h5py.File(path, "r+") as file:
        del file.attrs["kir_input"]


FIRST = {
    "dense": ([L.Dropout(0.2), L.Dense(2)], (3,), (None, 3)),
    "lstm": ([L.LSTM(2)], (4, 3), (None, None, 3)),
    "conv": ([L.Conv2D(2, 3), L.GlobalMaxPooling2D()], (5, 5, 3), (None, None, None, 3)),
}


@pytest.mark.parametrize("name", FIRST)
def test_a_sequential_saved_without_its_input_layer_is_repaired(tmp_path, name):
    layers, shape, inferred = FIRST[name]
    made = [type(x).from_config(x.get_config()) for x in layers]
    model = Sequential([L.InputLayer(input_shape=shape), *made])
    model.save(tmp_path / "m.h5")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "No training configuration")
        assert load_model(tmp_path / "m.h5").input_shape == (None, *shape)
    without_kir_input(tmp_path / "m.h5")
    with pytest.warns(RepairWarning, match="saved without its InputLayer"):
        loaded = load_model(tmp_path / "m.h5", compile=False)
    assert loaded.input_shape == inferred
    x = RANDOM.normal(size=(2, *shape))
    np.testing.assert_allclose(loaded.predict(x), model.predict(x), atol=1e-6)


def test_a_missing_input_that_nothing_tells_is_explained(tmp_path):
    model = Sequential([L.InputLayer(input_shape=(2, 3)), L.Flatten(), L.Dense(1)])
    model.save(tmp_path / "m.h5")
    without_kir_input(tmp_path / "m.h5")
    with pytest.raises(FileFormatError, match=r"without its InputLayer.*model\.build"):
        load_model(tmp_path / "m.h5")


def test_loading_by_name_reports_what_did_not_match(tmp_path):
    K.clear_session()  # the names of weights depend on what else was built
    model = Sequential([L.Dense(3, input_shape=(2,), name="a"), L.Dense(1, name="b")])
    model.save_weights(tmp_path / "w.h5")
    K.clear_session()
    other = Sequential([L.Dense(3, input_shape=(2,), name="a"), L.Dense(2, name="c")])
    report = other.load_weights(tmp_path / "w.h5", by_name=True)
    assert report.matched == ["a/kernel:0", "a/bias:0"]
    assert report.missing == ["c/kernel:0", "c/bias:0"]
    assert report.unused == ["b/b/kernel:0", "b/b/bias:0"]
    with pytest.raises(FileFormatError, match=r"2 missing from the file \('c/kernel:0', 'c/bias"):
        report.require_complete()


def test_layers_of_the_same_names_may_stand_in_another_order(tmp_path):
    x = L.Input((2,), name="x")
    a, b = L.Dense(2, name="a")(x), L.Dense(2, name="b")(x)
    model = randomize(Model(x, L.Add(name="sum")([a, b])))
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5", "r+") as file:
        group = file["model_weights"]
        names = group.attrs["layer_names"].tolist()
        i, j = names.index("a"), names.index("b")
        names[i], names[j] = names[j], names[i]
        group.attrs["layer_names"] = names
    loaded = load_model(tmp_path / "m.h5", compile=False)
    np.testing.assert_array_equal(
        loaded.get_layer("a").get_weights()[0], model.get_layer("a").get_weights()[0]
    )


@pytest.mark.parametrize(("version", "is_kept"), [("2.12.0", True), ("2.2.4", False)])
@pytest.mark.parametrize("nested", [False, True])
def test_moving_averages_go_on_as_the_writer_averaged(tmp_path, version, is_kept, nested):
    norm = L.BatchNormalization(momentum=0.9, name="n", input_shape=(3,))
    model = Sequential([Sequential([norm]), L.Dense(1)] if nested else [norm, L.Dense(1)])
    norm.set_weights([np.ones(3), np.zeros(3), np.full(3, 5.0), np.full(3, 2.0)])
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5", "r+") as file:
        file.attrs["keras_version"] = version
    loaded = load_model(tmp_path / "m.h5", compile=False)
    loaded.compile("sgd", "mse")
    x = RANDOM.normal(size=(8, 3))
    loaded.train_on_batch(x, np.zeros((8, 1)))
    layer = loaded.layers[0].layers[0] if nested else loaded.layers[0]
    kept = 0.9 if is_kept else 0.0
    wanted = kept * 5 + (1 - kept) * x.mean(axis=0)
    np.testing.assert_allclose(layer.get_weights()[2], wanted, rtol=1e-5)
