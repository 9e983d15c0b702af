"""Files made to run code, to read other files or to exhaust the memory: each known attack.

The ids are those of the advisories about Keras; every format goes through one path of loading.
"""

import base64
import io
import json
import marshal
import pickle

import h5py
import numpy as np
import pytest
import yaml

from kir import layers
from kir.engine.saving import unpickle_model
from kir.errors import ConfigError, FileFormatError, KirError, UnsafeFileError
from kir.models import (
    Sequential,
    load_model,
    model_from_config,
    model_from_json,
    model_from_yaml,
)
from kir.utils.generic_utils import allow_unsafe_code, is_unsafe_code_allowed


@pytest.fixture
def marker(tmp_path, monkeypatch):
    """A file that appears in the working folder when a file's code runs."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path / "ran"
    assert not (tmp_path / "ran").exists(), "code from the file ran"


def code_of(text="lambda x: [open('ran', 'w').close(), x][1]"):
    raw = marshal.dumps(eval(text).__code__)
    return base64.encodebytes(raw).decode()


def entry(class_name, **config):
    return {"class_name": class_name, "config": {"name": "evil", **config}}


def model_of(*entries, version="2.2.4"):
    first = {"class_name": "Dense", "config": {"name": "d", "units": 1}}
    first["config"]["batch_input_shape"] = [None, 2]
    config = {"name": "s", "layers": [first, *entries]}
    return {"class_name": "Sequential", "config": config, "keras_version": version}


def as_hdf5(config):
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs["keras_version"] = config.get("keras_version", "2.2.4")
        file.attrs["model_config"] = json.dumps(config)
        weights = file.create_group("model_weights")
        weights.attrs["layer_names"] = np.zeros(0)
    return buffer.getvalue()


def unpickled(config):
    """What unpickling a model does whose pickle holds this file."""
    return unpickle_model({"hdf5": as_hdf5(config)})


LOADERS = {
    "json": lambda config: model_from_json(json.dumps(config)),
    "yaml": lambda config: model_from_yaml(yaml.dump(config)),
    "config": model_from_config,
    "from_config": lambda config: Sequential.from_config(config["config"]),
    "hdf5": lambda config: load_model(io.BytesIO(as_hdf5(config))),
    "pickle": unpickled,
}
# One way that each version of Keras writes a function's code.
LAMBDAS = {
    "keras 2": (
        "2.2.4",
        lambda: entry("Lambda", function=[code_of(), None, None], function_type="lambda"),
    ),
    "tf.keras": (
        "2.12.0",
        lambda: entry(
            "Lambda", function=[code_of(), None, None], function_type="lambda", module="__main__"
        ),
    ),
    "keras 3": (
        "3.0.0",
        lambda: {
            **entry(
                "Lambda",
                function={
                    "class_name": "__lambda__",
                    "config": {"code": code_of(), "defaults": None, "closure": None},
                },
            ),
            "module": "keras.layers",
        },
    ),
    "output shape": (
        "2.2.4",
        lambda: entry(
            "Lambda",
            function="square",
            function_type="function",
            output_shape=[code_of(), None, None],
            output_shape_type="lambda",
        ),
    ),
}


@pytest.mark.parametrize("how", LOADERS)
@pytest.mark.parametrize("kind", LAMBDAS)
def test_code_in_a_lambda_is_refused(marker, how, kind):  # CVE-2024-3660, CVE-2025-9905
    version, make = LAMBDAS[kind]
    if how == "from_config" and kind == "keras 3":
        pytest.skip("Keras 3's way is read where the whole config is")
    with pytest.raises(
        UnsafeFileError, match="Lambda 'evil' holds marshalled Python code"
    ) as found:
        LOADERS[how](model_of(make(), version=version))
    assert "custom_objects={'evil': function}" in str(found.value)
    assert "allow_unsafe_code()" in str(found.value)


@pytest.mark.parametrize("how", ["json", "yaml", "hdf5"])
@pytest.mark.parametrize("kind", ["keras 2", "tf.keras", "keras 3"])
def test_a_function_of_the_users_takes_its_place(marker, how, kind):
    version, make = LAMBDAS[kind]
    config = model_of(make(), version=version)
    custom = {"evil": lambda x: x * 2}
    if how == "json":
        model = model_from_json(json.dumps(config), custom)
    elif how == "yaml":
        model = model_from_yaml(yaml.dump(config), custom)
    else:
        # Only the architecture counts here; the file holds no weights.
        config["config"]["layers"] = config["config"]["layers"][1:]
        config["config"]["layers"][0]["config"]["batch_input_shape"] = [None, 2]
        model = load_model(io.BytesIO(as_hdf5(config)), custom, compile=False)
    assert model.layers[-1].function is custom["evil"]


def test_the_permission_is_the_callers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = model_of(LAMBDAS["keras 2"][1]())
    with allow_unsafe_code():
        assert model_from_json(json.dumps(config)).layers[-1].name == "evil"
    assert not is_unsafe_code_allowed()


NAMED = {
    # A class or function of any module, by its name.
    "CVE-2025-1550": {**entry("system", command="touch ran"), "module": "os"},
    "CVE-2025-1550 function": {
        "class_name": "function",
        "module": "os",
        "config": "system",
        "registered_name": "system",
    },
    "CVE-2025-1550 activation": entry(
        "Dense",
        units=1,
        activation={"class_name": "function", "module": "os", "config": "system"},
    ),
    "CVE-2025-1550 initializer": entry(
        "Dense",
        units=1,
        kernel_initializer={"class_name": "system", "module": "os", "config": {"command": "ls"}},
    ),
    # A function of Keras's own that does more than compute.
    "CVE-2025-8747": {
        **entry(
            "Lambda",
            function={
                "class_name": "function",
                "module": "keras.utils",
                "config": "get_file",
                "registered_name": "function",
            },
            arguments={"fname": "ran", "origin": "http://127.0.0.1/"},
        ),
        "module": "keras.layers",
    },
    # The switch for unsafe loading itself, called from the file.
    "CVE-2025-9906": {
        **entry("enable_unsafe_deserialization"),
        "module": "keras.config",
        "registered_name": "enable_unsafe_deserialization",
    },
    "CVE-2025-9906 here": entry("allow_unsafe_code"),
    # A path in a config that is read.
    "CVE-2025-12058": {
        **entry("StringLookup", vocabulary="/etc/passwd"),
        "module": "keras.layers",
    },
    # A layer that loads another file.
    "CVE-2026-1462": {**entry("TFSMLayer", filepath="/tmp/m"), "module": "keras.layers"},
    # Function by name and module, as tf.keras resolved it.
    "tf-keras 921": entry("Lambda", function="system", function_type="function", module="os"),
    "dotted": entry("Lambda", function="os.system", function_type="function"),
    "private": entry("Lambda", function="__import__", function_type="function"),
}


@pytest.mark.parametrize("how", ["json", "yaml", "hdf5", "pickle"])
@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("version", ["2.2.4", "2.12.0", "3.0.0"])
def test_names_lead_to_layers_only(marker, how, name, version):
    with pytest.raises(KirError) as found:
        LOADERS[how](model_of(NAMED[name], version=version))
    assert not isinstance(found.value, ImportError)
    assert not is_unsafe_code_allowed()


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.system [touch ran]",
        "!!python/object/new:os.system [touch ran]",
        "!!python/object/apply:subprocess.check_output [[touch, ran]]",
        "!!python/name:os.system",
        "!!python/module:os",
        "!!python/object/apply:numpy._core.multiarray._reconstruct [!!python/name:os.system]",
        "!!python/object:kir.layers.Dense {units: 1}",
    ],
)
def test_yaml_makes_plain_values_only(marker, tag):  # CVE-2021-37678
    with pytest.raises(FileFormatError):
        model_from_yaml(f"class_name: Sequential\nconfig: {tag}\n")


def test_aliases_cannot_swell_a_yaml_text():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    with pytest.raises(FileFormatError, match="more than 5000000 values through its aliases"):
        model_from_yaml("\n".join(lines))


@pytest.mark.parametrize("depth", [500, 20_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a: ", "}"), ("- ", "")])
def test_nesting_in_yaml_ends_in_an_error_of_the_file(depth, opening, closing):
    with pytest.raises(KirError):
        model_from_yaml(opening * depth + "x" + closing * depth)


def test_an_alias_of_what_is_around_it_is_an_error_of_the_file():
    with pytest.raises(KirError):
        model_from_yaml("&a {class_name: Sequential, config: {name: s, layers: [*a]}}")


@pytest.mark.parametrize("depth", [400, 100_000])
def test_nesting_in_an_hdf5_file_is_an_error_of_the_file(depth):
    inner = '{"class_name": "Sequential", "config": {"name": "s", "layers": ['
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", libver="latest") as file:
        file.attrs["model_config"] = inner * depth + "]}}" * depth
        file.create_group("model_weights").attrs["layer_names"] = np.zeros(0)
    with pytest.raises(FileFormatError):
        load_model(io.BytesIO(buffer.getvalue()))


@pytest.mark.parametrize(
    "link",
    [h5py.ExternalLink("other.h5", "/x"), h5py.SoftLink("/model_weights")],
    ids=["external", "soft"],
)
@pytest.mark.parametrize("where", ["model_weights", "optimizer_weights", "model_weights/d"])
def test_links_in_models_are_refused(tmp_path, link, where):  # CVE-2026-1669
    path = tmp_path / "m.h5"
    path.write_bytes(as_hdf5(model_of()))
    with h5py.File(path, "r+") as file:
        if where in file:
            del file[where]
        file[where] = link
    with pytest.raises(UnsafeFileError, match="link"):
        load_model(path)
    with h5py.File(path) as file, pytest.raises(UnsafeFileError, match="link"):
        load_model(file)


def test_an_optimizer_of_external_storage_is_refused(tmp_path):  # CVE-2026-1669
    (tmp_path / "secret").write_bytes(b"\0" * 24)
    model = Sequential([layers.Dense(1, input_shape=(2,))])
    model.compile("sgd", "mse")
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5", "r+") as file:
        group = file.require_group("optimizer_weights")
        for name in list(group):
            del group[name]
        group.attrs["weight_names"] = [b"x"]
        group.create_dataset("x", (3,), "f8", external=[(str(tmp_path / "secret"), 0, 24)])
    with pytest.raises(UnsafeFileError, match="external storage"):
        load_model(tmp_path / "m.h5")


def test_a_bomb_of_a_shape_is_refused_before_memory_is_taken(tmp_path):  # CVE-2026-0897
    model = Sequential([layers.Dense(1, input_shape=(2,), name="d")])
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5", "r+") as file:
        group = file["model_weights/d"]
        name = group.attrs["weight_names"][0]
        del group[name]
        group.create_dataset(name, (1 << 40,), "f4", chunks=(1 << 20,), compression="gzip")
    with pytest.raises(UnsafeFileError, match="exhaust the memory"):
        load_model(tmp_path / "m.h5")


def test_a_layer_outside_of_a_scope_fails_closed(marker):
    config = LAMBDAS["keras 2"][1]()["config"]
    with pytest.raises(UnsafeFileError):
        layers.Lambda.from_config(config)
    with pytest.raises(UnsafeFileError):
        layers.deserialize({"class_name": "Lambda", "config": config})


def test_a_pickled_model_is_a_file(tmp_path):
    model = Sequential([layers.Dense(1, input_shape=(2,))])
    model.compile("adam", "mse")
    found = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(found.get_weights()[0], model.get_weights()[0])


def test_an_unknown_class_is_an_error_of_the_config():
    with pytest.raises(ConfigError, match="eval"):
        model_from_json(json.dumps(model_of(entry("eval", source="1"))))
