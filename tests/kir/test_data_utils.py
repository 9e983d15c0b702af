"""The base class of data that is read by batch number."""

import itertools

import pytest

from kir.utils import Sequence


class Numbers(Sequence):
    def __len__(self):
        return 3

    def __getitem__(self, index):
        return index * 10


def test_a_sequence_is_iterated_over_and_over():
    assert list(itertools.islice(Numbers(), 5)) == [0, 10, 20, 0, 10]


@pytest.mark.parametrize("use", [len, lambda sequence: sequence[0]])
def test_a_sequence_must_say_its_length_and_its_batches(use):
    with pytest.raises(NotImplementedError, match="Sequence does not override"):
        use(Sequence())


def test_the_end_of_an_epoch_needs_no_answer():
    assert Numbers().on_epoch_end() is None
