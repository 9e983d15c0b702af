"""The networks: their sizes, their arguments, their weights, and what goes around them."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest

from kir import applications, layers
from kir import backend as K
from kir.applications import imagenet_utils
from kir.applications._building import WeightFile
from kir.engine.training import Model
from kir.errors import ArgumentError, ConfigError, DownloadError

# Parameters with 1000 classes, as published.
PARAMETERS = {
    "VGG16": 138_357_544,
    "VGG19": 143_667_240,
    "ResNet50": 25_636_712,
    "InceptionV3": 23_851_784,
    "Xception": 22_910_480,
    "MobileNet": 4_253_864,
    "MobileNetV2": 3_538_984,
    "DenseNet121": 8_062_504,
    "DenseNet169": 14_307_880,
    "DenseNet201": 20_242_984,
    "NASNetMobile": 5_326_716,
    "NASNetLarge": 88_949_818,
    "InceptionResNetV2": 55_873_736,
}
SMALL = {"weights": None, "input_shape": (32, 32, 3), "classes": 5, "alpha": 0.25}


@pytest.fixture
def channels_first():
    K.set_image_data_format("channels_first")
    yield
    K.set_image_data_format("channels_last")


@pytest.fixture
def keras_home(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    return tmp_path


@pytest.mark.parametrize("name", PARAMETERS)
def test_has_the_published_number_of_parameters(name):
    if name == "InceptionResNetV2" and not hasattr(layers, "Lambda"):
        pytest.skip("needs the Lambda layer")
    assert getattr(applications, name)(weights=None).count_params() == PARAMETERS[name]


@pytest.mark.parametrize(
    ("name", "features"),
    [("MobileNet", 1024), ("VGG16", 512), ("DenseNet121", 1024), ("NASNetMobile", 1056)],
)
@pytest.mark.parametrize("pooling", ["avg", "max"])
def test_pools_without_the_top(name, features, pooling):
    build = getattr(applications, name)
    model = build(weights=None, include_top=False, pooling=pooling, input_shape=(64, 64, 3))
    assert model.output_shape == (None, features)


def test_takes_images_of_any_size_without_the_top():
    model = applications.ResNet50(weights=None, include_top=False)
    assert model.input_shape == (None, None, None, 3)
    assert model.output_shape == (None, None, None, 2048)


def test_continues_from_a_tensor():
    image = layers.Input((40, 40, 3))
    scaled = layers.Conv2D(3, 1)(image)
    model = applications.MobileNetV2(weights=None, include_top=False, input_tensor=scaled)
    assert model.inputs == [image]
    assert model.name == "mobilenetv2_1.00_40"


def test_loads_weights_from_a_path(tmp_path):
    path = str(tmp_path / "weights.h5")
    first = applications.MobileNet(**SMALL)
    first.save_weights(path)
    second = applications.MobileNet(**{**SMALL, "weights": path})
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_ignores_the_modules_that_keras_hands_over():
    model = applications.MobileNet(**SMALL, backend=None, layers=None, models=None, utils=None)
    assert isinstance(model, Model)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("VGG16", {"weights": "nowhere.h5"}, "`weights` argument"),
        ("VGG16", {"classes": 10}, "`classes` should be 1000"),
        ("VGG16", {"input_shape": (64, 64, 3)}, r"should be \(224, 224, 3\)"),
        ("VGG16", {"weights": None, "input_shape": (16, 64, 3)}, "at least 32x32"),
        ("InceptionV3", {"weights": None, "input_shape": (64, 64, 3)}, "at least 75x75"),
        ("Xception", {"weights": None, "input_shape": (64, 64, 3)}, "at least 71x71"),
        ("ResNet50", {"weights": None, "input_shape": (None, 64, 3)}, "static `input_shape`"),
        ("ResNet50", {"include_top": False, "input_shape": (64, 64, 1)}, "3 channels"),
        ("VGG16", {"weights": None, "input_shape": (64, 64)}, "three integers"),
        ("MobileNet", {"alpha": 0.3}, "alpha"),
        ("MobileNet", {"depth_multiplier": 2}, "depth multiplier"),
        ("MobileNetV2", {"include_top": False, "input_shape": (96, 128, 3)}, "square"),
    ],
)
def test_refuses(name, arguments, message):
    with pytest.raises(ConfigError, match=message):
        getattr(applications, name)(**arguments)


def test_a_network_that_needs_a_size_is_told_one():
    with pytest.raises(ConfigError, match="static `input_shape`"):
        imagenet_utils._obtain_input_shape(None, None, 32, "channels_last", require_flatten=True)
    shape = imagenet_utils._obtain_input_shape(None, 64, 32, "channels_first", True)
    assert shape == (3, 64, 64)


def test_refuses_an_unknown_argument():
    with pytest.raises(TypeError, match="colour"):
        applications.VGG16(colour="red")
    with pytest.raises(ArgumentError, match="colour"):
        imagenet_utils.preprocess_input(np.zeros((2, 2, 3)), colour="red")


def test_warns_about_the_number_of_channels():
    with pytest.warns(UserWarning, match="with 5"):
        applications.VGG16(weights=None, include_top=False, input_shape=(32, 32, 5))


def test_follows_the_data_format(channels_first):
    model = applications.VGG16(weights=None, include_top=False, input_shape=(3, 32, 32))
    assert model.output_shape == (None, 512, 1, 1)


def test_builds_channels_last_where_there_is_no_other(channels_first):
    with pytest.warns(UserWarning, match="channels_last"):
        model = applications.MobileNet(weights=None, input_shape=(32, 32, 3))
    assert model.input_shape == (None, 32, 32, 3)
    assert K.image_data_format() == "channels_first"


def test_says_how_to_get_weights_that_cannot_be_fetched(keras_home):
    file = WeightFile("http://127.0.0.1:9/weights.h5", name="kept.h5")
    with pytest.raises(DownloadError, match=r"put it into ~/\.keras/models as kept\.h5"):
        file.fetch()


def expected_input(x, mode):
    x = x.astype("float64")
    if mode == "tf":
        return x / 127.5 - 1
    if mode == "torch":
        return (x / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    return x[..., ::-1] - [103.939, 116.779, 123.68]


@pytest.mark.parametrize("mode", ["caffe", "tf", "torch"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("rank", [3, 4])
@pytest.mark.parametrize("symbolic", [False, True])
def test_preprocesses(mode, data_format, rank, symbolic):
    x = np.random.RandomState(0).randint(0, 256, (2, 4, 5, 3)[4 - rank :])
    wanted = expected_input(x, mode)
    if data_format == "channels_first":
        x, wanted = np.moveaxis(x, -1, rank - 3), np.moveaxis(wanted, -1, rank - 3)
    if symbolic and rank == 4:
        image = K.placeholder(x.shape)
        tensor = imagenet_utils.preprocess_input(image, data_format, mode)
        (found,) = K.function([image], [tensor])([x.astype("float32")])
    else:
        found = imagenet_utils.preprocess_input(x, data_format, mode)
    assert found.dtype == "float32"
    np.testing.assert_allclose(found, wanted, atol=1e-4)


@pytest.mark.parametrize("mode", ["caffe", "tf", "torch"])
def test_preprocesses_floats_in_place(mode):
    x = np.random.RandomState(0).uniform(0, 255, (2, 4, 5, 3))
    wanted = expected_input(x, mode)
    found = imagenet_utils.preprocess_input(x, mode=mode)
    np.testing.assert_allclose(found, wanted)
    assert np.shares_memory(found, x)


@pytest.mark.parametrize(
    ("module", "mode"),
    [
        ("vgg16", "caffe"),
        ("vgg19", "caffe"),
        ("resnet50", "caffe"),
        ("inception_v3", "tf"),
        ("inception_resnet_v2", "tf"),
        ("xception", "tf"),
        ("mobilenet", "tf"),
        ("mobilenet_v2", "tf"),
        ("mobilenetv2", "tf"),
        ("nasnet", "tf"),
        ("densenet", "torch"),
    ],
)
def test_each_network_preprocesses_as_it_was_trained(module, mode):
    x = np.full((1, 2, 2, 3), 200.0)
    found = getattr(applications, module).preprocess_input(x.copy())
    np.testing.assert_allclose(found, expected_input(x, mode))


def test_refuses_an_unknown_data_format():
    with pytest.raises(ConfigError, match="data_format"):
        imagenet_utils.preprocess_input(np.zeros((2, 2, 3)), "channels_middle")


def test_decodes_predictions(keras_home, monkeypatch):
    index = {str(i): [f"n{i:08}", f"thing {i}"] for i in range(1000)}
    (keras_home / "models" / "imagenet_class_index.json").write_text(json.dumps(index))
    scores = np.zeros((2, 1000), "float32")
    scores[0, [3, 5, 7]] = 0.2, 0.5, 0.3
    scores[1, 999] = 1
    # A file that is already there is taken as it is.
    found = imagenet_utils.decode_predictions(scores, top=2)
    assert [row[:2] for row in found[0]] == [
        ("n00000005", "thing 5"),
        ("n00000007", "thing 7"),
    ]
    assert found[1][0] == ("n00000999", "thing 999", 1.0)
    assert len(found[1]) == 2


def test_refuses_to_decode_another_number_of_classes():
    with pytest.raises(ConfigError, match=r"\(samples, 1000\)"):
        imagenet_utils.decode_predictions(np.zeros((2, 10)))


def test_builds_without_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        applications.MobileNet(**SMALL)
