"""Files that reach outside themselves, or declare more than they hold, are refused."""

import h5py
import numpy as np
import pytest

from kir.errors import FileFormatError, UnsafeFileError
from runtime.hdf5 import safety
from runtime.hdf5.weights import load_weights, save_weights
from tests.runtime.hdf5.fakes import FakeModel, dense


@pytest.fixture
def path(tmp_path):
    """A good file of a model with one layer."""
    save_weights(FakeModel(dense("d", 2, 3)), tmp_path / "w.h5")
    return tmp_path / "w.h5"


def refused(path, match):
    model = FakeModel(dense("d", 2, 3, start=7))
    before = model.values()
    with pytest.raises(UnsafeFileError, match=match):
        load_weights(model, path)
    assert model.values() == before


@pytest.mark.parametrize(
    ("link", "match"),
    [
        (h5py.ExternalLink("/etc/other.h5", "/x"), "external link"),
        (h5py.SoftLink("/d/d/bias:0"), "soft link"),
    ],
    ids=["external", "soft"],
)
def test_links_are_refused_wherever_they_are(path, link, match):
    with h5py.File(path, "a") as file:
        del file["d/d/kernel:0"]
        file["d/d/kernel:0"] = link
    refused(path, match)


def test_external_storage_is_refused(path, tmp_path):
    (tmp_path / "secret").write_bytes(b"\0" * 24)
    with h5py.File(path, "a") as file:
        del file["d/d/kernel:0"]
        file["d/d"].create_dataset(
            "kernel:0", (2, 3), "float32", external=[(str(tmp_path / "secret"), 0, 24)]
        )
    refused(path, "external storage")


def test_virtual_data_sets_are_refused(path):
    virtual = h5py.VirtualLayout((2, 3), "float32")
    virtual[:] = h5py.VirtualSource("/etc/other.h5", "x", (2, 3))
    with h5py.File(path, "a") as file:
        del file["d/d/kernel:0"]
        file["d/d"].create_virtual_dataset("kernel:0", virtual)
    refused(path, "virtual layout")


@pytest.mark.parametrize("dtype", ["S8", h5py.string_dtype(), h5py.ref_dtype])
def test_only_numbers_are_weights(path, dtype):
    with h5py.File(path, "a") as file:
        del file["d/d/bias:0"]
        file["d/d"].create_dataset("bias:0", (3,), dtype)
    refused(path, "not numbers")


def test_a_size_bomb_is_refused_before_it_is_read(path):
    with h5py.File(path, "a") as file:
        del file["d/d/kernel:0"]
        file["d/d"].create_dataset("kernel:0", (1 << 20, 1 << 20), "float32", chunks=(64, 64))
    assert path.stat().st_size < 100_000
    refused(path, "exhaust the memory")


def test_small_bombs_are_added_up(monkeypatch, path):
    with h5py.File(path, "a") as file:
        for name in ("kernel:0", "bias:0"):
            del file["d/d"][name]
            file["d/d"].create_dataset(name, (1 << 26,), "float32", chunks=(64,))
    refused_size = 2 * 4 * (1 << 26)
    monkeypatch.setattr(safety, "SIZE_LIMIT", refused_size - 1)
    refused(path, "exhaust the memory")


def test_an_attribute_that_declares_too_much_is_refused(path):
    with h5py.File(path, "a") as file:
        names = file["d"].attrs
        del names["weight_names"]
        big = file.create_group("big", track_order=True)
        big.attrs["weight_names"] = np.zeros(safety.ATTRIBUTE_ELEMENTS + 1, "int8")
        with pytest.raises(UnsafeFileError, match="declares 1048577 elements"):
            safety.check_attributes(big)


def test_well_compressed_arrays_are_read(path):
    with h5py.File(path, "a") as file:
        del file["d/d/kernel:0"]
        file["d/d"].create_dataset("kernel:0", data=np.ones((2, 3), "float32"), compression="gzip")
    model = FakeModel(dense("d", 2, 3))
    load_weights(model, path)
    assert model.values()[0] == [[1, 1, 1], [1, 1, 1]]


def test_an_unsafe_file_is_also_a_malformed_one():
    assert issubclass(UnsafeFileError, FileFormatError)
