"""Losses by name; their values are golden cases."""

import pytest

from kir import losses, objectives
from kir.errors import ConfigError


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("mse", "mean_squared_error"),
        ("MAE", "mean_absolute_error"),
        ("mape", "mean_absolute_percentage_error"),
        ("MSLE", "mean_squared_logarithmic_error"),
        ("kld", "kullback_leibler_divergence"),
        ("cosine", "cosine_proximity"),
        ("categorical_hinge", "categorical_hinge"),
    ],
)
def test_an_alias_is_serialized_by_the_functions_own_name(alias, name):
    found = losses.get(alias)
    assert found is getattr(losses, name)
    assert losses.serialize(found) == name


def test_none_and_functions_are_taken_as_they_are():
    assert losses.get(None) is None
    assert losses.get(max) is max


def test_a_function_of_the_users_is_found_by_its_name():
    assert losses.deserialize("own", custom_objects={"own": max}) is max


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(ConfigError, match=r"Unknown loss function: hing.*'hinge'"):
        losses.get("hing")


def test_what_is_no_identifier_is_rejected():
    with pytest.raises(ConfigError, match="loss function identifier: 3"):
        losses.get(3)


@pytest.mark.parametrize("name", ["get", "K", "__builtins__", "deserialize"])
def test_only_losses_can_be_named(name):
    with pytest.raises(ConfigError, match="Unknown loss function"):
        losses.get(name)


def test_objectives_are_the_losses():
    assert objectives.mse is losses.mse
    assert objectives.get is losses.get
    assert objectives.__all__ == losses.__all__
