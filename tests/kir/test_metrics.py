"""Metrics by name; their values are golden cases."""

import pytest

from kir import losses, metrics
from kir.errors import ConfigError


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("mse", "mean_squared_error"),
        ("cosine", "cosine_proximity"),
        ("binary_accuracy", "binary_accuracy"),
        ("sparse_top_k_categorical_accuracy", "sparse_top_k_categorical_accuracy"),
    ],
)
def test_a_metric_is_serialized_by_the_functions_own_name(alias, name):
    assert metrics.serialize(metrics.get(alias)) == name


def test_losses_are_metrics_too():
    assert metrics.get("mae") is losses.mean_absolute_error
    assert metrics.hinge is losses.hinge


@pytest.mark.parametrize("identifier", [3, None])
def test_what_is_no_identifier_is_rejected(identifier):
    with pytest.raises(ConfigError, match="metric function identifier"):
        metrics.get(identifier)


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(ConfigError, match=r"metric function: binary_acuracy.*'binary_accuracy'"):
        metrics.get("binary_acuracy")
