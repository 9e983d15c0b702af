"""Words, and the tokenizer's options that the golden cases leave out."""

import numpy as np
import pytest

from kir.preprocessing.text import (
    Tokenizer,
    hashing_trick,
    one_hot,
    text_to_word_sequence,
    tokenizer_from_json,
)

TEXTS = ["The cat sat on the mat.", "The dog sat on the log.", "Dogs and cats living together."]


@pytest.fixture
def tokenizer():
    tokenizer = Tokenizer(num_words=6, oov_token="<unk>")
    tokenizer.fit_on_texts(TEXTS)
    return tokenizer


def test_words_are_split_and_lowered():
    assert text_to_word_sequence("Hello,  World! x-y") == ["hello", "world", "x", "y"]


def test_hashes_stay_in_their_range():
    numbers = one_hot("a b c d e f g", 4)
    assert len(numbers) == 7
    assert set(numbers) <= {1, 2, 3}


def test_md5_is_the_same_everywhere():
    assert hashing_trick("a b a", 1000, hash_function="md5") == [560, 455, 560]


def test_an_unknown_hash_function_is_an_error():
    with pytest.raises(ValueError, match="hash_function is 'sha1'"):
        hashing_trick("a", 5, hash_function="sha1")


def test_frequent_words_come_first(tokenizer):
    assert tokenizer.word_index["<unk>"] == 1
    assert tokenizer.word_index["the"] == 2
    assert tokenizer.texts_to_sequences(["the zebra"]) == [[2, 1]]
    assert tokenizer.sequences_to_texts([[2, 1, 99]]) == ["the <unk> <unk>"]


def test_fitting_twice_counts_on(tokenizer):
    again = Tokenizer(num_words=6, oov_token="<unk>")
    for text in TEXTS:
        again.fit_on_texts([text])
    assert vars(again) == vars(tokenizer)


def test_a_tokenizer_survives_json(tokenizer):
    copy = tokenizer_from_json(tokenizer.to_json())
    assert vars(copy) == vars(tokenizer)
    assert copy.index_docs[999] == 0  # still a dictionary with a default


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"config": {"word_counts": 3}}', "no json"])
def test_other_json_is_refused(text):
    with pytest.raises(ValueError, match="no tokenizer"):
        tokenizer_from_json(text)


def _weights(tokenizer, row, width, mode):
    """One row of the matrix, word by word."""
    result = np.zeros(width)
    for number in {n for n in row if n < width}:
        count = row.count(number)
        documents = 1 + tokenizer.index_docs.get(number, 0)
        result[number] = {
            "binary": 1,
            "count": count,
            "freq": count / len(row),
            "tfidf": (1 + np.log(count)) * np.log(1 + tokenizer.document_count / documents),
        }[mode]
    return result


@pytest.mark.parametrize("mode", ["binary", "count", "freq", "tfidf"])
def test_matrices_follow_their_formulas(tokenizer, mode):
    rows = [[1, 2, 2, 3], [], [5, 9, 9], [4] * 7]
    wanted = [_weights(tokenizer, row, 6, mode) for row in rows]
    np.testing.assert_allclose(tokenizer.sequences_to_matrix(rows, mode=mode), wanted, rtol=1e-12)


def test_no_texts_give_no_rows(tokenizer):
    assert tokenizer.texts_to_matrix([]).shape == (0, 6)


def test_a_negative_number_is_no_word(tokenizer):
    with pytest.raises(ValueError, match="not negative"):
        tokenizer.sequences_to_matrix([[-1]])


def test_the_old_name_of_num_words_is_known():
    with pytest.warns(UserWarning, match="num_words"):
        assert Tokenizer(nb_words=3).num_words == 3
    with pytest.raises(TypeError, match="Unrecognized keyword arguments: words"):
        Tokenizer(words=3)


def test_words_may_be_given_as_lists():
    tokenizer = Tokenizer(lower=False)
    tokenizer.fit_on_texts([["A", "a b", "A"]])
    assert tokenizer.word_index == {"A": 1, "a b": 2}
