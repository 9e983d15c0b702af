"""Weights files: matching, all-or-nothing loading, and messages."""

import io
import warnings

import h5py
import numpy as np
import pytest

from kir.errors import ArgumentError, FileFormatError, MissingFileError, ShapeError
from runtime.hdf5.weights import load_weights, save_weights
from runtime.hdf5.writing import unique_names
from tests.runtime.hdf5.fakes import FakeLayer, FakeModel, FakeWeight, dense


@pytest.fixture
def path(tmp_path):
    """Layers a (2 -> 3), b (none), c (3 -> 1)."""
    save_weights(
        FakeModel(dense("a", 2, 3, 1), FakeLayer("b"), dense("c", 3, 1, 2)), tmp_path / "w"
    )
    return tmp_path / "w"


def test_the_layout_is_keras(path):
    with h5py.File(path) as file:
        assert dict(file.attrs.items()).keys() == {"backend", "keras_version", "layer_names"}
        assert file.attrs["backend"] == "tensorflow"
        assert file.attrs["keras_version"] == "2.2.4"
        assert file.attrs["layer_names"].tolist() == ["a", "b", "c"]
        assert file["a"].attrs["weight_names"].tolist() == ["a/kernel:0", "a/bias:0"]
        assert file["a/a/kernel:0"].dtype == np.float32
        assert file["a/a/kernel:0"].chunks is None
        assert list(file["b"]) == []


def test_scalars_and_unnamed_weights_are_written(tmp_path):
    layer = FakeLayer("x")
    layer.weights = [FakeWeight("n", np.int64(3)), FakeWeight(None, np.zeros(2))]
    save_weights(FakeModel(layer), tmp_path / "w")
    layer.weights[0].value = np.int64(0)
    load_weights(FakeModel(layer), tmp_path / "w")
    assert layer.weights[0].value == 3
    with h5py.File(tmp_path / "w") as file:
        assert file["x"].attrs["weight_names"].tolist() == ["n", "param_1"]


def test_weights_of_one_name_are_kept_apart():
    assert unique_names(["k", "k", None, "k_1"]) == ["k", "k_1", "param_2", "k_1_1"]


def test_layers_are_matched_by_position(path):
    model = FakeModel(dense("x", 2, 3), dense("y", 3, 1), FakeLayer("z"))
    load_weights(model, path)
    assert model.values() == FakeModel(dense("a", 2, 3, 1), dense("c", 3, 1, 2)).values()


def test_layers_are_matched_by_name(path):
    model = FakeModel(dense("c", 3, 1), dense("new", 4, 4), dense("a", 2, 3))
    load_weights(model, path, by_name=True)
    assert model.layers[0].values() == dense("c", 3, 1, 2).values()
    assert model.layers[1].values() == dense("new", 4, 4).values()
    assert model.layers[2].values() == dense("a", 2, 3, 1).values()


def test_no_common_name_is_said(path):
    with pytest.warns(UserWarning, match=r"Nothing was loaded.*'x'.*'a', 'b', 'c'"):
        load_weights(FakeModel(dense("x", 2, 3)), path, by_name=True)


def test_a_mismatch_can_be_skipped(path):
    layer = dense("a", 5, 3)  # the kernel differs, the bias does not
    with pytest.warns(UserWarning, match="layer 'a' due to mismatch in shape.*'a/kernel:0'"):
        load_weights(FakeModel(layer), path, by_name=True, skip_mismatch=True)
    assert layer.values()[0] == dense("a", 5, 3).values()[0]
    assert layer.values()[1] == [1, 1, 1]


def test_a_count_can_be_skipped(path):
    layer = FakeLayer("a", kernel=np.zeros((2, 3)))
    with pytest.warns(UserWarning, match="Skipping loading .* layer 'a' due to mismatch in number"):
        load_weights(FakeModel(layer), path, by_name=True, skip_mismatch=True)
    assert not np.any(layer.weights[0].value)


def test_skipping_without_names_is_said_to_be_ignored(path):
    model = FakeModel(dense("x", 2, 3), dense("y", 3, 1))
    with pytest.warns(UserWarning, match="skip_mismatch=True was ignored"):
        load_weights(model, path, skip_mismatch=True)
    assert model.values()[3] == [2]


def test_arrays_are_reshaped_on_request(path):
    model = FakeModel(
        FakeLayer("x", kernel=np.zeros((1, 2, 3)), bias=np.zeros(3)), dense("y", 3, 1)
    )
    with pytest.raises(ShapeError, match=r"has shape \(1, 2, 3\)"):
        load_weights(model, path)
    load_weights(model, path, reshape=True)
    assert model.values()[0] == [dense("a", 2, 3, 1).values()[0]]


def test_arrays_of_another_size_cannot_be_reshaped(path):
    model = FakeModel(dense("a", 4, 3))
    with pytest.raises(ShapeError, match=r"cannot reshape.*\(2, 3\) \(6 numbers\) to \(4, 3\)"):
        load_weights(model, path, by_name=True, reshape=True)


@pytest.mark.parametrize("by_name", [False, True])
@pytest.mark.parametrize(
    ("last", "error", "match"),
    [
        (dense("c", 4, 1), ShapeError, r"'c'.*weight 'c/kernel:0' has shape \(4, 1\).*\(3, 1\)"),
        (
            FakeLayer("c", kernel=np.zeros((3, 1))),
            FileFormatError,
            r"'c'.* expects 1 weight\(s\).* 2 element\(s\)",
        ),
    ],
    ids=["shape", "count"],
)
def test_a_model_is_never_half_loaded(path, by_name, last, error, match):
    model = FakeModel(dense("a", 2, 3), last)
    before = model.values()
    with pytest.raises(error, match=match):
        load_weights(model, path, by_name=by_name)
    assert model.values() == before


def test_a_wrong_number_of_layers_names_them(path):
    with pytest.raises(
        FileFormatError, match=r"containing 2 layers into a model with 1 layers.*'a', 'c'.*'x'"
    ):
        load_weights(FakeModel(dense("x", 2, 3)), path)


def test_file_like_objects_and_groups_are_files_too(tmp_path):
    buffer = io.BytesIO()
    save_weights(FakeModel(dense("a", 2, 3, 5)), buffer)
    model = FakeModel(dense("a", 2, 3))
    load_weights(model, io.BytesIO(buffer.getvalue()))
    assert model.values() == dense("a", 2, 3, 5).values()
    with h5py.File(tmp_path / "f", "w") as file:
        save_weights(FakeModel(dense("a", 2, 3, 6)), file.create_group("inside"))
        load_weights(model, file["inside"])
        assert file.id.valid
    assert model.values() == dense("a", 2, 3, 6).values()


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04 and so on", r"zip archive.*\.keras"),
        (b'{"class_name": 1}', "perhaps JSON"),
        (b"version https://git-lfs.github.com/spec/v1", "git lfs pull"),
        (b"hello", "is not an HDF5 file: it starts with b'hello'"),
    ],
    ids=["empty", "zip", "json", "lfs", "text"],
)
def test_other_formats_are_recognised(tmp_path, content, match):
    (tmp_path / "w").write_bytes(content)
    with pytest.raises(FileFormatError, match=match):
        load_weights(FakeModel(), tmp_path / "w")


def test_a_truncated_file_is_said_to_be_one(path):
    content = path.read_bytes()
    part = path.with_name("part")
    for kept in (*range(8, len(content), 101), len(content) - 1):
        part.write_bytes(content[:kept])
        with pytest.raises(FileFormatError, match="truncated or damaged"):
            load_weights(FakeModel(), part)


def test_missing_parts_are_named(path):
    with h5py.File(path, "a") as file:
        del file["a/a/kernel:0"]
    with pytest.raises(FileFormatError, match="data set 'a/kernel:0' that '/a' lists is missing"):
        load_weights(FakeModel(dense("x", 2, 3), dense("y", 3, 1)), path)
    with h5py.File(path, "a") as file:
        del file["a"]
    with pytest.raises(FileFormatError, match="group 'a' that '/' lists is missing"):
        load_weights(FakeModel(dense("x", 2, 3), dense("y", 3, 1)), path)


def test_hdf5_without_weights_is_refused(tmp_path):
    with h5py.File(tmp_path / "w", "w") as file:
        file["x"] = 1
    with pytest.raises(FileFormatError, match="no attribute 'layer_names'"):
        load_weights(FakeModel(), tmp_path / "w")


def test_a_missing_file_is_the_builtin_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"There is no file .*none\.h5") as caught:
        load_weights(FakeModel(), tmp_path / "none.h5")
    assert isinstance(caught.value, MissingFileError)
    with pytest.raises(IsADirectoryError, match="is a folder"):
        load_weights(FakeModel(), tmp_path)
    with pytest.raises(ArgumentError, match="A file was expected"):
        load_weights(FakeModel(), 3)


def test_an_error_while_saving_leaves_the_earlier_file(path):
    before = path.read_bytes()
    broken = dense("a", 2, 3)
    broken.weights[1].value = np.array([object()])
    with pytest.raises(TypeError):
        save_weights(FakeModel(broken), path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_overwrite_false_asks(path, monkeypatch):
    before = path.read_bytes()
    monkeypatch.setattr("builtins.input", lambda prompt: "n")
    save_weights(FakeModel(), path, overwrite=False)
    assert path.read_bytes() == before
    monkeypatch.setattr("builtins.input", lambda prompt: "y")
    save_weights(FakeModel(), path, overwrite=False)
    assert path.read_bytes() != before


def test_loading_what_was_saved_gives_no_warning(path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_weights(FakeModel(dense("a", 2, 3), dense("c", 3, 1)), path, by_name=True)
