"""What differs between two architectures, and which layers are taken for the same."""

from __future__ import annotations

import pytest

from kir.layers import Add, BatchNormalization, Conv2D, Dense, Dropout, Flatten, Input, InputLayer
from kir.models import Model, Sequential
from runtime.comparing import Comparison


def changes(old: Model, new: Model, ignore_names: bool = False) -> list[str]:
    """The changes in short: kind, names, details."""
    return [
        " ".join(
            [
                {"added": "+", "removed": "-", "changed": "~"}[c.kind],
                c.new or c.old if None in (c.old, c.new) or c.old == c.new else f"{c.old}>{c.new}",
                *(f"{d.what}:{d.old}>{d.new}" for d in c.details),
            ]
        )
        for c in Comparison(old, new, ignore_names).changes
    ]


def dense(*units: int, name: str = "net", **settings: object) -> Sequential:
    layers = [
        Dense(n, name=f"dense_{i + 1}", **({"input_shape": (4,)} if not i else {}), **settings)
        for i, n in enumerate(units)
    ]
    return Sequential(layers, name=name)


def test_equal_models_have_no_changes():
    assert changes(dense(3, 2), dense(3, 2)) == []


def test_an_argument_that_changed():
    assert changes(dense(3, 2), dense(3, 5)) == ["~ dense_2 units:2>5"]


def test_parts_of_an_object_that_changed():
    old = dense(3, kernel_initializer="glorot_uniform", kernel_regularizer=None)
    new = dense(3, kernel_initializer="he_uniform", kernel_regularizer="l2")
    (change,) = Comparison(old, new).changes
    details = {d.what: (d.old, d.new) for d in change.details}
    assert details["kernel_initializer.scale"] == (1.0, 2.0)
    assert details["kernel_initializer.mode"] == ("fan_avg", "fan_in")
    old_regularizer, new_regularizer = details["kernel_regularizer"]
    assert old_regularizer is None
    assert new_regularizer["class_name"] == "L1L2"


def test_a_layer_in_between_does_not_change_those_behind_it():
    assert changes(dense(8, 2), dense(8, 5, 2)) == [
        "+ dense_2 inputs:None>['dense_1']",
        "~ dense_2>dense_3 name:dense_2>dense_3 inputs:['dense_1']>['dense_2']",
    ]


def test_removed_layers_stand_where_they_were():
    def net(*middle: object) -> Sequential:
        first = Conv2D(4, 3, input_shape=(8, 8, 1), name="conv")
        return Sequential([first, *middle, Flatten(name="flat"), Dense(2, name="out")], name="net")

    old = net(BatchNormalization(name="norm"), Dropout(0.5, name="drop"))
    assert changes(old, net()) == [
        "- norm inputs:['conv']>None",
        "- drop inputs:['norm']>None",
        "~ flat inputs:['drop']>['conv']",
    ]


def test_a_layer_with_a_chosen_name_is_the_same_whatever_changed():
    old = Sequential([Dense(3, input_shape=(4,), name="head")], name="net")
    new = Sequential([Dropout(0.5, input_shape=(4,), name="head")], name="net")
    (change,) = changes(old, new)
    assert change.startswith("~ head class:Dense>Dropout")


def test_names_can_be_ignored():
    old, new = dense(3, 2), dense(3, 2, name="other")
    assert changes(old, new) == ["~ net>other name:net>other"]
    assert changes(old, new, ignore_names=True) == []
    x = Input((4,), name="x")
    renamed = Model(x, Dense(2, name="b")(Dense(3, name="a")(x)))
    y = Input((4,), name="y")
    other = Model(y, Dense(2, name="d")(Dense(3, name="c")(y)))
    assert changes(renamed, other, ignore_names=True) == []


def test_connections_that_moved():
    def net(first: bool) -> Model:
        x = Input((4,), name="x")
        a, b = Dense(4, name="a")(x), Dense(4, name="b")(x)
        return Model(x, Add(name="sum")([a, b if first else x]), name="net")

    assert changes(net(True), net(False)) == [
        "- b inputs:['x']>None",
        "~ sum inputs:['a', 'b']>['a', 'x']",
    ]


def test_layers_of_nested_models_are_compared():
    def net(units: int) -> Sequential:
        inner = Sequential([Dense(units, input_shape=(4,), name="deep")], name="inner")
        return Sequential([inner, Dense(2, name="out")], name="net")

    assert changes(net(3), net(5)) == ["~ inner/deep units:3>5"]


def test_a_model_that_was_never_built_is_compared_as_well():
    old, new = (
        Sequential([Dense(3, name="a")], name="n"),
        Sequential([Dense(4, name="a")], name="n"),
    )
    assert changes(old, new) == ["~ a units:3>4"]


def test_an_input_may_be_declared_by_the_first_layer():
    explicit = Sequential([InputLayer((4,), name="dense_1_input"), Dense(3, name="dense_1")], "net")
    assert changes(dense(3), explicit) == []


def test_a_sequential_and_the_same_as_a_model():
    x = Input((4,), name="dense_1_input")
    model = Model(x, Dense(3, name="dense_1")(x), name="net")
    found = changes(dense(3), model)
    assert found == ["~ net class:Sequential>Model"]


@pytest.mark.parametrize("kind", ["added", "removed", "changed"])
def test_changes_are_counted_by_kind(kind):
    comparison = Comparison(dense(3), dense(3))
    assert comparison.is_equal
    assert comparison.count(kind) == 0
