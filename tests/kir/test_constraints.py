"""Constraints by name and config; their values are golden cases."""

import pytest

from kir import constraints
from kir.errors import ConfigError


@pytest.mark.parametrize(
    ("identifier", "class_name", "config"),
    [
        ("maxnorm", "MaxNorm", {"max_value": 2, "axis": 0}),
        (constraints.max_norm(0.5, axis=[0, 1]), "MaxNorm", {"max_value": 0.5, "axis": [0, 1]}),
        ("nonneg", "NonNeg", {}),
        ("unit_norm", "UnitNorm", {"axis": 0}),
        (
            "min_max_norm",
            "MinMaxNorm",
            {"min_value": 0.0, "max_value": 1.0, "rate": 1.0, "axis": 0},
        ),
    ],
    ids=str,
)
def test_names_and_configs(identifier, class_name, config):
    found = constraints.get(identifier)
    serialized = constraints.serialize(found)
    assert serialized == {"class_name": class_name, "config": config}
    assert list(serialized["config"]) == list(config)
    assert constraints.get(serialized).get_config() == config


def test_none_stands_for_no_constraint():
    assert constraints.get(None) is None


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(ConfigError, match=r"Unknown constraint: non_negative.*'non_neg'"):
        constraints.get("non_negative")


def test_what_is_no_identifier_is_rejected():
    with pytest.raises(ConfigError, match="constraint identifier: 2"):
        constraints.get(2)
