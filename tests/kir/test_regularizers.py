"""Regularizers by name and config; their values are golden cases."""

import numpy as np
import pytest

from kir import regularizers
from kir.errors import ConfigError

ROUNDED = float(np.float32(0.01))


@pytest.mark.parametrize(
    ("identifier", "config"),
    [
        ("l1", {"l1": ROUNDED, "l2": 0.0}),
        ("l2", {"l1": 0.0, "l2": ROUNDED}),
        ("l1_l2", {"l1": ROUNDED, "l2": ROUNDED}),
        ("L1L2", {"l1": 0.0, "l2": 0.0}),
        (regularizers.l2(0.5), {"l1": 0.0, "l2": 0.5}),
    ],
    ids=str,
)
def test_the_factors_in_the_config_are_rounded_to_floatx(identifier, config):
    found = regularizers.get(identifier)
    assert regularizers.serialize(found) == {"class_name": "L1L2", "config": config}
    assert regularizers.get(regularizers.serialize(found)).get_config() == config


def test_none_stands_for_no_regularizer():
    assert regularizers.get(None) is None
    assert regularizers.serialize(None) is None


def test_a_function_is_taken_as_it_is():
    assert regularizers.get(abs) is abs


def test_without_a_factor_there_is_no_penalty():
    assert regularizers.L1L2()(np.ones(3)) == 0.0


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(
        ConfigError, match=r"Unknown regularizer: l1-l2\. Did you mean .*'l1_l2'.*Known"
    ):
        regularizers.get("l1-l2")


def test_what_is_no_identifier_is_rejected():
    with pytest.raises(ConfigError, match=r"regularizer identifier: 0\.01 \(float\)"):
        regularizers.get(0.01)
