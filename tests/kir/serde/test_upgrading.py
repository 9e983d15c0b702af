"""Architectures of other versions of Keras, without TensorFlow and without the other versions."""

import json
import warnings

import pytest

from kir.errors import ConfigError, FileFormatError, RepairWarning, UpgradeWarning
from kir.layers import Dense
from kir.models import model_from_config, model_from_json
from kir.serde.config import upgrade_config
from kir.serde.upgrading import Dialect, Kind, find_origin
from kir.utils.generic_utils import custom_object_scope


def layer(class_name, name=None, **config):
    return {"class_name": class_name, "config": {"name": name or class_name.lower(), **config}}


def sequential(*layers, version="2.12.0"):
    config = {"name": "s", "layers": list(layers)}
    return {"class_name": "Sequential", "config": config, "keras_version": version}


def upgraded(entry, version="2.12.0", custom=None):
    """The config of one layer as it is after the upgrade, without its name."""
    found = upgrade_config(sequential(entry, version=version), custom)
    (made,) = found.config["config"]["layers"]
    config = {key: value for key, value in made["config"].items() if key != "name"}
    return made["class_name"], config


def call(source, **kwargs):
    tensor = {"class_name": "__keras_tensor__", "config": {"keras_history": [source, 0, 0]}}
    return {"args": [tensor], "kwargs": kwargs}


@pytest.mark.parametrize(
    ("config", "version", "dialect"),
    [
        (sequential(layer("Dense", units=2), version="2.2.4"), None, Dialect.KERAS_2),
        (sequential(layer("Dense", units=2), version="2.2.4-tf"), None, Dialect.TF_KERAS),
        (sequential(layer("Dense", units=2), version="2.3.1"), None, Dialect.TF_KERAS),
        (sequential(layer("Dense", units=2), version=None), "3.1.0", Dialect.KERAS_3),
        (sequential(layer("Conv2D", groups=1), version=None), None, Dialect.TF_KERAS),
        (sequential(layer("InputLayer", batch_shape=[None, 2])), None, Dialect.KERAS_3),
        (sequential(layer("Dense", output_dim=2), version=None), None, Dialect.KERAS_1),
        (sequential(layer("Embedding", output_dim=2), version=None), None, Dialect.KERAS_2),
        ({"name": "Sequential", "layers": []}, None, Dialect.KERAS_0),
    ],
)
def test_the_origin_is_found_by_version_or_by_signs(config, version, dialect):
    assert find_origin(config, version).dialect is dialect


def test_configs_of_keras_2_are_left_as_they_are():
    config = sequential(layer("Dense", units=2), version="2.2.4")
    found = upgrade_config(config)
    assert found.config is config
    assert not len(found.report)


GLOROT = {"class_name": "GlorotUniform", "config": {"seed": None}, "module": "keras.initializers"}
SCALED = {
    "class_name": "VarianceScaling",
    "config": {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform", "seed": None},
}


@pytest.mark.parametrize(
    ("entry", "version", "wanted"),
    [
        (
            layer("Dense", units=2, kernel_initializer=GLOROT, dtype="float32"),
            "2.12.0",
            ("Dense", {"units": 2, "kernel_initializer": SCALED}),
        ),
        (
            layer("Dense", units=2, kernel_regularizer={"class_name": "L2", "config": {"l2": 0.1}}),
            "2.12.0",
            (
                "Dense",
                {
                    "units": 2,
                    "kernel_regularizer": {"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.1}},
                },
            ),
        ),
        (
            layer("BatchNormalization", axis=[3], fused=True, renorm=False, synchronized=False),
            "2.12.0",
            ("BatchNormalization", {"axis": 3}),
        ),
        (layer("BatchNormalizationV1", axis=[1]), "2.2.4-tf", ("BatchNormalization", {"axis": 1})),
        (layer("LeakyReLU", negative_slope=0.1), "3.0.0", ("LeakyReLU", {"alpha": 0.1})),
        (
            layer("LSTM", units=2, time_major=False),
            "2.12.0",
            ("LSTM", {"units": 2, "recurrent_activation": "sigmoid"}),
        ),
        (
            layer("GRU", units=2, seed=3),
            "3.0.0",
            ("GRU", {"units": 2, "recurrent_activation": "sigmoid", "reset_after": True}),
        ),
        (
            layer("GRU", units=2),
            "2.3.1",
            ("GRU", {"units": 2, "recurrent_activation": "sigmoid"}),
        ),
        (layer("LSTM", units=2), "2.2.4", ("LSTM", {"units": 2})),
        (
            layer("Dense", units=2, activation="hard_sigmoid"),
            "3.0.0",
            ("Dense", {"units": 2, "activation": "hard_sigmoid_3"}),
        ),
        (
            layer("Dense", units=2, activation="hard_sigmoid"),
            "2.12.0",
            ("Dense", {"units": 2, "activation": "hard_sigmoid"}),
        ),
        (
            layer(
                "Embedding",
                batch_shape=[None, 3],
                input_dim=4,
                output_dim=2,
                input_length=3,
                sparse=False,
            ),
            "3.0.0",
            (
                "Embedding",
                {
                    "batch_input_shape": [None, 3],
                    "input_dim": 4,
                    "output_dim": 2,
                    "input_length": 3,
                },
            ),
        ),
        (
            layer("Convolution2D", nb_filter=4, nb_row=3, nb_col=5, border_mode="same", bias=False),
            "1.2.2",
            (
                "Conv2D",
                {"filters": 4, "kernel_size": (3, 5), "padding": "same", "use_bias": False},
            ),
        ),
        (
            layer("Convolution2D", nb_filter=4, nb_row=3, nb_col=3, dim_ordering="th"),
            "1.2.2",
            ("Conv2D", {"filters": 4, "kernel_size": (3, 3), "data_format": "channels_first"}),
        ),
        (
            layer(
                "Dense",
                output_dim=2,
                batch_input_shape=[None, 3],
                input_dim=3,
                input_dtype="float32",
                W_regularizer={"name": "WeightRegularizer", "l1": 0.0, "l2": 0.1},
                b_constraint={"name": "MaxNorm", "m": 3, "axis": 0},
            ),
            "1.0.0",
            (
                "Dense",
                {
                    "units": 2,
                    "batch_input_shape": [None, 3],
                    "dtype": "float32",
                    "kernel_regularizer": {"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.1}},
                    "bias_constraint": {
                        "class_name": "MaxNorm",
                        "config": {"axis": 0, "max_value": 3},
                    },
                },
            ),
        ),
        (
            layer("LSTM", output_dim=2, inner_activation="sigmoid", consume_less="cpu"),
            "1.2.2",
            ("LSTM", {"units": 2, "recurrent_activation": "sigmoid", "implementation": 1}),
        ),
        (
            layer("AtrousConvolution1D", nb_filter=2, filter_length=3, atrous_rate=2),
            "1.2.2",
            ("Conv1D", {"filters": 2, "kernel_size": 3, "dilation_rate": 2}),
        ),
    ],
    ids=lambda value: value["class_name"] if isinstance(value, dict) else None,
)
def test_a_layer_is_written_as_keras_2_writes_it(entry, version, wanted):
    assert upgraded(entry, version) == wanted


@pytest.mark.parametrize(
    ("entry", "version", "match"),
    [
        (layer("Conv2D", "c", groups=2), "2.12.0", r"Conv2D 'c': groups=2 has no equal"),
        (layer("LSTM", "r", units=1, time_major=True), "2.12.0", "'r': time_major=True"),
        (layer("InputLayer", "i", ragged=True), "2.12.0", "InputLayer 'i': ragged=True"),
        (layer("GlobalMaxPooling1D", "g", keepdims=True), "3.0.0", "'g': keepdims=True"),
        (layer("BatchNormalization", "b", axis=[1, 2]), "2.12.0", r"'b': axis=\[1, 2\]"),
        (layer("BatchNormalization", "b", renorm=True), "2.2.4-tf", "'b': renorm=True"),
        (layer("UpSampling2D", "u", interpolation="bilinear"), "2.12.0", "'u': interpolation"),
        (
            {**layer("LayerNormalization", "n"), "module": "keras.layers"},
            "3.0.0",
            r"'n': Keras 2.2.4 has no layer LayerNormalization.*custom_objects",
        ),
        (
            layer("Dense", "d", activation={"class_name": "LeakyReLU", "config": {}}),
            "2.12.0",
            "Dense 'd': the activation is a layer, LeakyReLU",
        ),
        (
            layer("BatchNormalization", "b", mode=2),
            "1.2.2",
            "'b': BatchNormalization has no `mode`",
        ),
        (layer("SReLU", "s"), "1.2.2", "SReLU 's': Keras 2 has no layer SReLU"),
    ],
)
def test_what_has_no_equal_is_an_error_that_names_it(entry, version, match):
    with pytest.raises(ConfigError, match=match):
        upgrade_config(sequential(entry, version=version))


def test_a_users_class_takes_the_place_of_a_layer_without_equal():
    entry = {**layer("LayerNormalization", "n", epsilon=1e-3), "module": "keras.layers"}

    class LayerNormalization(Dense):
        pass

    custom = {"LayerNormalization": LayerNormalization}
    assert upgraded(entry, "3.0.0", custom) == ("LayerNormalization", {"epsilon": 1e-3})
    with custom_object_scope(custom):
        assert upgraded(entry, "3.0.0")[0] == "LayerNormalization"


def test_registered_names_lose_their_package():
    entry = {**layer("Custom>Mine", "m", dtype={"config": {"name": "float32"}}), "module": None}
    assert upgraded(entry, "2.12.0", {"Mine": Dense}) == ("Mine", {"dtype": "float32"})


def bidirectional(**backward):
    forward = {"units": 2, "go_backwards": False, "recurrent_activation": "sigmoid"}
    return layer(
        "Bidirectional",
        "b",
        layer=layer("LSTM", "forward_lstm", **forward),
        backward_layer=layer(
            "LSTM", "backward_lstm", **{**forward, "go_backwards": True, **backward}
        ),
    )


def test_a_backward_layer_that_mirrors_the_forward_one_is_left_out():
    _, config = upgraded(bidirectional(), "3.0.0")
    assert set(config) == {"layer"}
    assert config["layer"]["config"]["name"] == "lstm"


@pytest.mark.parametrize("differing", [{"units": 3}, {"go_backwards": False}])
def test_a_backward_layer_of_its_own_is_an_error(differing):
    with pytest.raises(ConfigError, match="Bidirectional 'b': its backward layer differs"):
        upgraded(bidirectional(**differing), "3.0.0")


def functional(*layers, output, version="3.0.0"):
    inputs = {**layer("InputLayer", "x", batch_shape=[None, 3]), "name": "x", "inbound_nodes": []}
    config = {
        "name": "m",
        "layers": [inputs, *layers],
        "input_layers": ["x", 0, 0],
        "output_layers": [output, 0, 0],
    }
    return {"class_name": "Functional", "config": config, "keras_version": version}


def test_calls_of_keras_3_are_lists():
    dense = {**layer("Dense", "d", units=2), "name": "d", "inbound_nodes": [call("x", mask=None)]}
    found = upgrade_config(functional(dense, output="d")).config
    assert found["class_name"] == "Model"
    assert found["config"]["layers"][1]["inbound_nodes"] == [[["x", 0, 0, {}]]]
    assert found["config"]["output_layers"] == [["d", 0, 0]]


def test_calls_of_nested_models_count_from_one():
    inner = sequential(layer("InputLayer", "i", batch_shape=[None, 3]), layer("Dense", units=2))
    inner = {**inner, "name": "s", "inbound_nodes": [call("x")]}
    found = upgrade_config(functional(inner, output="s")).config
    assert found["config"]["output_layers"] == [["s", 1, 0]]
    assert model_from_json(json.dumps(functional(inner, output="s"))).output_shape == (None, 2)


def test_tensor_arguments_that_no_layer_takes_are_an_error():
    tensor = call("x")["args"][0]
    dense = {
        **layer("Dense", "d", units=2),
        "name": "d",
        "inbound_nodes": [call("x", value=tensor)],
    }
    with pytest.raises(ConfigError, match="Dense 'd' is called with the tensor argument `value`"):
        upgrade_config(functional(dense, output="d"))


@pytest.mark.parametrize(
    ("entry", "match"),
    [
        ({"class_name": "TFOpLambda", "config": {"name": "f", "function": "nn.gelu"}}, "'nn.gelu'"),
        ({"class_name": "Relu", "config": {"name": "f"}, "module": "keras.src.ops.nn"}, "'Relu'"),
    ],
)
def test_functions_without_a_layer_are_an_error(entry, match):
    node = {**entry, "name": "f", "inbound_nodes": [call("x")]}
    with pytest.raises(ConfigError, match=rf"'f' applies the function {match}"):
        upgrade_config(functional(node, output="f"))


def test_half_precision_is_said():
    policy = {"class_name": "DTypePolicy", "config": {"name": "mixed_float16"}}
    report = upgrade_config(sequential(layer("Dense", "d", units=1, dtype=policy))).report
    (change,) = report.of(Kind.ASSUMED)
    assert str(change) == (
        "assumed: Dense 'd': was computed with the dtype mixed_float16; here in float32"
    )


def test_the_report_counts_equal_changes_together():
    report = upgrade_config(
        sequential(*(layer("Conv2D", f"c{i}", filters=1, groups=1) for i in range(3)))
    ).report
    assert str(report).splitlines() == [
        "Written by tf.keras or Keras 2.3 (version 2.12.0); 3 changes.",
        "dropped: Conv2D 'c0' and 2 more: groups=1, which changes nothing here",
    ]


def test_assumptions_are_warned_of():
    config = sequential(
        layer("Dense", "d", units=1, dtype="mixed_float16", batch_input_shape=[None, 2])
    )
    with pytest.warns(UpgradeWarning, match="Dense 'd': was computed with the dtype mixed_float16"):
        model_from_json(json.dumps(config))


def test_renaming_is_no_reason_to_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model_from_json(
            json.dumps(
                sequential(
                    layer("Dense", output_dim=2, init="uniform", batch_input_shape=[None, 3]),
                    version="1.2.2",
                )
            )
        )


def branch(name, size=3):
    dense = layer("Dense", name, output_dim=2, batch_input_shape=[None, size], input_dim=size)
    return {"class_name": "Sequential", "config": [dense]}


def merged(**config):
    merge = layer("Merge", "merge", layers=[branch("a"), branch("b", 4)], **config)
    return {
        "class_name": "Sequential",
        "config": [merge, layer("Dense", "c", output_dim=1)],
        "keras_version": "1.2.2",
    }


@pytest.mark.parametrize(
    ("config", "class_name", "shape"),
    [
        ({"mode": "sum"}, "Add", (None, 2)),
        ({"mode": "mul"}, "Multiply", (None, 2)),
        ({"mode": "ave"}, "Average", (None, 2)),
        ({"mode": "max"}, "Maximum", (None, 2)),
        ({"mode": "concat", "concat_axis": -1}, "Concatenate", (None, 4)),
        ({"mode": "dot", "dot_axes": -1}, "Dot", (None, 1)),
        ({"mode": "cos", "dot_axes": -1}, "Reshape", (None, 1, 1)),
    ],
)
def test_a_merge_becomes_the_layer_of_its_mode(config, class_name, shape):
    model = model_from_json(json.dumps(merged(**config)))
    assert [x.name for x in model.inputs] == ["a_input", "b_input"]
    joined = model.get_layer("merge")
    assert type(joined).__name__ == class_name
    assert joined.output_shape == shape
    assert model.get_layer("a").units == 2


def test_a_merge_of_keras_2_0_is_one_too():
    merge = layer("Merge", "merge", mode="concat", concat_axis=-1, mode_type="raw")
    branches = [
        [layer("Conv1D", name, filters=2, kernel_size=[3], batch_input_shape=[None, 6, 4])]
        for name in "ab"
    ]
    merge["config"]["layers"] = [{"class_name": "Sequential", "config": b} for b in branches]
    config = [merge, layer("Dense", "c", units=1, use_bias=False)]
    text = json.dumps({"class_name": "Sequential", "config": config, "keras_version": "2.0.6"})
    model = model_from_json(text)
    assert model.output_shape == (None, 4, 1)
    assert not model.get_layer("c").use_bias


def test_a_functional_model_of_keras_1():
    text = """{"class_name": "Model", "keras_version": "1.2.2", "config": {"name": "model_1",
    "layers": [{"class_name": "InputLayer", "name": "input_1", "inbound_nodes": [], "config":
    {"batch_input_shape": [null, 102, 6], "input_dtype": "float32", "sparse": false,
    "name": "input_1"}}, {"class_name": "Convolution1D", "name": "convolution1d_1",
    "inbound_nodes": [[["input_1", 0, 0]]], "config": {"batch_input_shape": [null, null, 6],
    "W_constraint": null, "b_constraint": null, "name": "convolution1d_1",
    "activity_regularizer": null, "trainable": true, "filter_length": 34,
    "init": "glorot_uniform", "bias": true, "nb_filter": 128, "input_dtype": "float32",
    "subsample_length": 1, "border_mode": "valid", "input_dim": 6, "b_regularizer": null,
    "W_regularizer": null, "activation": "relu", "input_length": null}}],
    "input_layers": [["input_1", 0, 0]], "output_layers": [["convolution1d_1", 0, 0]]}}"""
    model = model_from_json(text)
    assert model.output_shape == (None, 69, 128)
    report = upgrade_config(json.loads(text)).report
    assert [c.kind for c in report] == [Kind.RENAMED] * 2


def test_a_merge_by_code_is_an_error():
    with pytest.raises(ConfigError, match="Merge 'merge': mode="):
        upgrade_config(merged(mode="4wEAAAA", mode_type="lambda"))


def test_a_merge_in_a_functional_model():
    inputs = [
        {
            **layer("InputLayer", name, batch_input_shape=[None, 2]),
            "name": name,
            "inbound_nodes": [],
        }
        for name in "ab"
    ]
    merge = {
        **layer("Merge", "m", mode="concat", concat_axis=1),
        "name": "m",
        "inbound_nodes": [[["a", 0, 0], ["b", 0, 0]]],
    }
    config = {
        "name": "n",
        "layers": [*inputs, merge],
        "input_layers": [["a", 0, 0], ["b", 0, 0]],
        "output_layers": [["m", 0, 0]],
    }
    model = model_from_json(json.dumps({"class_name": "Model", "config": config}))
    assert model.output_shape == (None, 4)


def test_time_distributed_dense_is_a_wrapper_now():
    entry = layer("TimeDistributedDense", "t", output_dim=2, batch_input_shape=[None, 5, 3])
    model = model_from_json(json.dumps(sequential(entry, version="1.0.0")))
    assert model.output_shape == (None, 5, 2)


def test_keras_0_sequential():
    config = {
        "name": "Sequential",
        "layers": [
            {"name": "Dense", "output_dim": 4, "input_shape": [3], "cache_enabled": True},
            {"name": "Activation", "activation": "relu", "custom_name": "act"},
            {"name": "Dropout", "p": 0.5},
            {"name": "Dense", "output_dim": 1, "activation": "sigmoid", "init": "uniform"},
        ],
    }
    model = model_from_json(json.dumps(config))
    assert [x.name for x in model.layers] == ["dense", "act", "dropout", "dense_2"]
    assert model.output_shape == (None, 1)


def test_keras_0_graph():
    config = {
        "name": "Graph",
        "input_config": [
            {"name": "a", "input_shape": [3], "dtype": "float"},
            {"name": "b", "input_shape": [4], "dtype": "float"},
        ],
        "nodes": {
            "d": {"name": "Dense", "output_dim": 2},
            "e": {"name": "Dense", "output_dim": 2},
            "f": {"name": "Dense", "output_dim": 1},
        },
        "node_config": [
            {"name": "d", "input": "a", "inputs": []},
            {"name": "e", "input": "b", "inputs": []},
            {"name": "f", "input": None, "inputs": ["d", "e"], "merge_mode": "sum"},
        ],
        "output_config": [{"name": "out", "input": "f", "inputs": []}],
    }
    model = model_from_json(json.dumps(config))
    assert [x.name for x in model.inputs] == ["a", "b"]
    assert model.output_names == ["out"]


def copies(parts=2):
    template = {
        "class_name": "Sequential",
        "name": "model_1",
        "config": [layer("Dense", "d", units=2, batch_input_shape=[None, 3])],
        "inbound_nodes": [[[f"lambda_{i}", 0, 0, {}]] for i in range(parts)],
    }
    slices = [
        {
            **layer("Lambda", f"lambda_{i}", function=["4wE=", None, None], function_type="lambda"),
            "name": f"lambda_{i}",
            "inbound_nodes": [[["x", 0, 0, {}]]],
        }
        for i in range(parts)
    ]
    for i, entry in enumerate(slices):
        entry["config"]["arguments"] = {"i": i, "parts": parts}
    inputs = {
        **layer("InputLayer", "x", batch_input_shape=[None, 3]),
        "name": "x",
        "inbound_nodes": [],
    }
    join = {
        **layer("Concatenate", "out", axis=0),
        "name": "out",
        "inbound_nodes": [[["model_1", 1 + i, 0, {}] for i in range(parts)]],
    }
    config = {
        "name": "copies",
        "layers": [inputs, *slices, template, join],
        "input_layers": [["x", 0, 0]],
        "output_layers": [["out", 0, 0]],
    }
    return {"class_name": "Model", "config": config, "keras_version": "2.2.4"}


def test_copies_of_multi_gpu_model_are_the_model_that_was_copied():
    with pytest.warns(RepairWarning, match=r"multi_gpu_model.*2 slices.*'model_1'"):
        model = model_from_json(json.dumps(copies()))
    assert [x.name for x in model.layers] == ["d"]


@pytest.mark.parametrize("depth", [900, 100_000])
def test_nesting_without_end_is_an_error_of_the_file(depth):
    opening = '{"class_name": "Sequential", "config": {"name": "s", "layers": ['
    with pytest.raises(FileFormatError, match="nested too deeply"):
        model_from_json(opening * depth + "]}}" * depth)


def test_a_sequential_keeps_the_shape_of_its_input_layer():
    entry = {"module": "keras.layers", "registered_name": None}
    layers = [
        {
            **entry,
            "class_name": "InputLayer",
            "config": {"batch_shape": [None, 4], "dtype": "float32", "name": "in"},
        },
        {**entry, "class_name": "Dense", "config": {"name": "a", "units": 3}},
    ]
    config = {"name": "net", "layers": layers}
    written = {"module": "keras", "class_name": "Sequential", "config": config}
    model = model_from_config(written)
    assert model.input_names == ["in"]
    again = model_from_json(model.to_json())
    assert again.input_shape == (None, 4)
