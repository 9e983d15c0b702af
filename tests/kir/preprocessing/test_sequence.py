"""Padding, skip-grams and windows of time series; the golden cases hold the reference's values."""

import json
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kir.preprocessing.sequence import (
    TimeseriesGenerator,
    _remove_long_seq,
    make_sampling_table,
    pad_sequences,
    skipgrams,
    timeseries_generator_from_json,
)

sides = st.sampled_from(["pre", "post"])


@given(
    st.lists(st.lists(st.integers(1, 99), max_size=6), min_size=1, max_size=5),
    st.integers(1, 7),
    sides,
    sides,
)
def test_padding_keeps_the_elements_in_order(rows, maxlen, padding, truncating):
    padded = pad_sequences(rows, maxlen=maxlen, padding=padding, truncating=truncating)
    assert padded.shape == (len(rows), maxlen)
    for row, got in zip(rows, padded, strict=True):
        kept = row[:maxlen] if truncating == "post" else row[max(0, len(row) - maxlen) :]
        filling = [0] * (maxlen - len(kept))
        assert got.tolist() == (kept + filling if padding == "post" else filling + kept)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sequences": 3}, "no length"),
        ({"sequences": iter([[1]])}, "no length"),
        ({"sequences": [[1], 2]}, "non-iterable: 2, which is number 1"),
        ({"sequences": [[1]], "padding": "middle"}, 'Padding type "middle" not understood'),
        ({"sequences": [[1]], "truncating": 1}, 'Truncating type "1" not understood'),
        ({"sequences": [[1]], "value": "x"}, "dtype=object"),
        ({"sequences": [[[1, 2]], [[3]]]}, "sequence at position 1 is different"),
    ],
)
def test_what_cannot_be_padded_is_an_error(arguments, message):
    with pytest.raises(ValueError, match=message):
        pad_sequences(**arguments)


def test_no_sequences_give_no_rows():
    assert pad_sequences([]).shape == (0, 0)
    assert pad_sequences([], maxlen=3).shape == (0, 3)


def test_a_sampling_table_rises_to_one():
    table = make_sampling_table(1000, sampling_factor=1e-3)
    assert (np.diff(table[1:]) >= 0).all()
    assert table[-1] == 1


def test_the_pairs_of_a_skipgram_are_near():
    words = list(range(1, 20))
    couples, labels = skipgrams(words, 30, window_size=3, negative_samples=0.5, seed=1)
    near = {tuple(c) for c, label in zip(couples, labels, strict=True) if label}
    assert near == {(a, b) for a in words for b in words if 0 < abs(a - b) <= 3}
    assert labels.count(0) == len(near) // 2


def test_skipgrams_of_nothing_are_nothing():
    assert skipgrams([0, 0], 5) == ([], [])


def test_long_sequences_are_removed_with_their_labels():
    assert _remove_long_seq(3, [[1], [1, 2, 3], [4, 5]], ["a", "b", "c"]) == (
        [[1], [4, 5]],
        ["a", "c"],
    )


def test_windows_end_before_their_targets():
    series = np.arange(10)
    windows = TimeseriesGenerator(series, series * 10, length=3, batch_size=4)
    x, y = windows[0]
    assert x.tolist() == [[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5]]
    assert y.tolist() == [30, 40, 50, 60]
    assert sum(len(windows[i][1]) for i in range(len(windows))) == 7


class _Slices:
    """Like a matrix in a file: it has slices and single rows, no arrays of rows."""

    def __init__(self, values):
        self.values, self.shape = values, values.shape

    def __len__(self):
        return len(self.values)

    def __getitem__(self, key):
        assert isinstance(key, slice | int | np.integer)
        return self.values[key]


@pytest.mark.parametrize("container", [list, _Slices])
def test_windows_of_other_containers_are_those_of_arrays(container):
    series = np.random.random((20, 2))
    options = {"length": 6, "sampling_rate": 2, "stride": 2, "batch_size": 3, "reverse": True}
    wanted = TimeseriesGenerator(series, series, **options)
    got = TimeseriesGenerator(container(series), container(series), **options)
    for i in range(len(wanted)):
        np.testing.assert_array_equal(got[i][0], wanted[i][0])
        np.testing.assert_array_equal(got[i][1], wanted[i][1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"targets": np.zeros(9), "length": 2}, "target length is 9"),
        ({"targets": np.zeros(10), "length": 5, "sampling_rate": 2}, "take 4"),
        ({"targets": np.zeros(10), "length": 10}, "end_index=9"),
    ],
)
def test_windows_that_do_not_fit_are_an_error(arguments, message):
    with pytest.raises(ValueError, match=message):
        TimeseriesGenerator(np.zeros(10), **arguments)


def test_a_window_generator_is_written_as_json():
    windows = TimeseriesGenerator([1, 2, 3], [4, 5, 6], length=1)
    config = json.loads(windows.to_json())
    assert config["class_name"] == "TimeseriesGenerator"
    assert json.loads(config["config"]["targets"]) == [4, 5, 6]


def test_a_window_generator_is_read_again():
    windows = TimeseriesGenerator(
        np.arange(20).reshape(10, 2), np.arange(10), length=4, start_index=1, batch_size=2
    )
    again = timeseries_generator_from_json(windows.to_json())
    assert again.get_config() == windows.get_config()
    np.testing.assert_array_equal(again[0][0], windows[0][0])
    with pytest.raises(ValueError, match=r"nothing that .*\.to_json wrote: KeyError"):
        timeseries_generator_from_json("{}")


def test_data_that_json_does_not_know_are_an_error():
    windows = TimeseriesGenerator(np.array([object()] * 3), np.zeros(3), length=1)
    with pytest.raises(TypeError, match="data cannot be written as JSON"):
        windows.get_config()


def test_the_same_seed_mixes_alike():
    random.seed(5)
    first = skipgrams(list(range(1, 9)), 9)
    random.seed(5)
    assert skipgrams(list(range(1, 9)), 9) == first
