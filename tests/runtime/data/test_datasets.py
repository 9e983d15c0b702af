from __future__ import annotations

import builtins

import numpy as np
import pytest

from kir.errors import ConfigError, DependencyError, FileFormatError, MissingFileError
from runtime.data.datasets import load_dataset, load_inputs, read_csv


def test_digits_are_scaled_images_with_a_fixed_split():
    data = load_dataset("digits")
    again = load_dataset("digits", seed=7)
    assert data.x_train.shape == (1438, 8, 8, 1)
    assert data.x_test.shape == (359, 8, 8, 1)
    assert (data.x_train.min(), data.x_train.max()) == (0.0, 1.0)
    assert sorted(set(data.y_test)) == list(range(10))
    np.testing.assert_array_equal(data.y_test, again.y_test)
    np.testing.assert_array_equal(load_inputs("digits")[0], data.x_test)


def test_digits_without_scikit_learn(monkeypatch):
    imported = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("sklearn"):
            raise ImportError(name)
        return imported(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DependencyError, match=r'pip install "kir\[demo\]"'):
        load_dataset("digits")


def test_npz_is_split_by_its_seed(tmp_path):
    np.savez(tmp_path / "d.npz", x=np.arange(20).reshape(10, 2), y=np.arange(10))
    first, second, other = (load_dataset(tmp_path / "d.npz", seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first.y_train, second.y_train)
    assert first.y_train.tolist() != other.y_train.tolist()
    assert len(first.x_test) == 2
    np.testing.assert_array_equal(first.x_train[:, 0], 2 * first.y_train)
    assert sorted([*first.y_train, *first.y_test]) == list(range(10))
    assert not len(load_dataset(tmp_path / "d.npz", test_fraction=0.0).x_test)


def test_npz_that_is_split_already_stays_so(tmp_path):
    np.savez(
        tmp_path / "d.npz",
        x_train=np.zeros((4, 1)),
        y_train=np.zeros(4),
        x_test=np.ones((2, 1)),
        y_test=np.ones(2),
    )
    data = load_dataset(tmp_path / "d.npz")
    assert (len(data.x_train), len(data.x_test), data.split) == (4, 2, "as in the file")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": np.zeros(3)}, "holds the arrays a; expected x and y"),
        ({"x": np.zeros((3, 2)), "y": np.zeros(2)}, "x has 3 samples and y 2"),
        ({"x": np.array(["a", "b"]), "y": np.zeros(2)}, "'x' of d.npz holds <U1"),
        ({"x": np.array([{}], dtype=object), "y": np.zeros(1)}, "no intact .npz file"),
        ({"x": np.array(1.0), "y": np.zeros(1)}, "single number"),
    ],
)
def test_unfit_npz_is_refused(tmp_path, arrays, message):
    np.savez(tmp_path / "d.npz", **arrays)
    with pytest.raises(FileFormatError, match=message):
        load_dataset(tmp_path / "d.npz")


def test_damaged_npz_is_refused(tmp_path):
    path = tmp_path / "d.npz"
    np.savez(path, x=np.zeros((100, 3)), y=np.zeros(100))
    whole = path.read_bytes()
    for content in (b"", b"not a zip", whole[: len(whole) // 2], whole[:40] + whole[50:]):
        path.write_bytes(content)
        with pytest.raises(FileFormatError, match=r"d\.npz"):
            load_dataset(path)


@pytest.mark.parametrize(
    ("target", "x", "y"),
    [
        (None, [[1, 2], [4, 5]], [3, 6]),
        ("c", [[1, 2], [4, 5]], [3, 6]),
        ("a", [[2, 3], [5, 6]], [1, 4]),
        ("1", [[1, 3], [4, 6]], [2, 5]),
        ("-3", [[2, 3], [5, 6]], [1, 4]),
    ],
)
def test_csv_target_by_name_or_number(tmp_path, target, x, y):
    (tmp_path / "d.csv").write_text("a,b,c\n1,2,3\n4,5,6\n")
    data = load_dataset(tmp_path / "d.csv", target, test_fraction=0.0)
    order = np.argsort(data.x_train[:, 0])
    assert data.x_train[order].tolist() == x
    assert data.y_train[order].tolist() == y


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("1,2\n3,4\n", []),
        ("a,b\n1,2\n3,4\n", ["a", "b"]),
        ("0,target\n1,2\n3,4\n", ["0", "target"]),
        ('\ufeff"a","b"\r\n1,2\r\n\r\n3,4\r\n', ["a", "b"]),
        ("a,b\n1,2\n3,4", ["a", "b"]),
    ],
)
def test_csv_with_and_without_header(tmp_path, text, names):
    (tmp_path / "d.csv").write_text(text, encoding="utf-8")
    table, found = read_csv(tmp_path / "d.csv")
    assert table.tolist() == [[1, 2], [3, 4]]
    assert found == names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no rows"),
        ("a,b\n", "no rows"),
        ("a,b\n1,2\n3\n", "line 3: 1 columns, where the first line has 2"),
        ("a,b\n1,x\n", "line 2, column 'b': expected a number, got 'x'"),
        ("1,2\n3,\n", "line 2, column 1: expected a number, got ''"),
        ("1.5,x\n3,4\n", "line 1, column 1: expected a number, got 'x'"),
        ("1;2\n3;4\n", "separated by ';'"),
    ],
)
def test_unfit_csv_is_refused_with_the_place(tmp_path, text, message):
    (tmp_path / "d.csv").write_text(text)
    with pytest.raises(FileFormatError, match=message):
        load_dataset(tmp_path / "d.csv")


def test_csv_of_inputs_only(tmp_path):
    (tmp_path / "d.csv").write_text("a,b\n1,2\n")
    x, y = load_inputs(tmp_path / "d.csv")
    assert x.tolist() == [[1, 2]]
    assert y is None
    x, y = load_inputs(tmp_path / "d.csv", "a")
    assert (x.tolist(), y.tolist()) == ([[2]], [1])


@pytest.mark.parametrize(
    ("source", "target", "error", "message"),
    [
        ("absent.csv", None, MissingFileError, "no file"),
        ("digit", None, ConfigError, "expected 'digits' or a file ending in .npz or .csv"),
        ("d.csv", "speciez", ConfigError, "Did you mean 'species'"),
        ("d.csv", "7", ConfigError, "has 2 columns; there is no column 7"),
    ],
)
def test_unknown_sources_and_columns(tmp_path, monkeypatch, source, target, error, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d.csv").write_text("a,species\n1,2\n")
    with pytest.raises(error, match=message):
        load_dataset(source, target)
