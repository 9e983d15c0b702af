"""What Keras's own helpers do with data, without a model."""

from __future__ import annotations

import numpy as np
import pytest

from kir import losses
from kir.engine import training_utils as utils
from kir.errors import ConfigError, DTypeError, ShapeError

X, Y = np.ones((6, 3)), np.ones((6, 1))


def test_a_vector_becomes_a_column():
    assert utils.standardize_single_array(np.ones(4)).shape == (4, 1)
    assert utils.standardize_single_array(None) is None


@pytest.mark.parametrize(
    ("data", "names", "shapes"),
    [
        (X, ["a"], [(None, 3)]),
        ([X], ["a"], [(6, 3)]),
        ({"a": X, "b": Y}, ["b", "a"], [(None, 1), (None, 3)]),
        ([1, 2, 3], ["a"], [(None, 1)]),
    ],
)
def test_data_become_a_list_of_arrays(data, names, shapes):
    found = utils.standardize_input_data(data, names, shapes, exception_prefix="input")
    assert [a.shape[1:] for a in found] == [s[1:] for s in shapes]


def test_no_data_are_none_for_each_name():
    assert utils.standardize_input_data(None, ["a", "b"]) == [None, None]
    assert utils.standardize_input_data(X, []) == []


@pytest.mark.parametrize(
    ("shape", "check", "is_error"),
    [((5, 3), True, True), ((5, 3), False, False), ((None, 4), False, True)],
)
def test_shapes_are_checked(shape, check, is_error):
    if not is_error:
        utils.standardize_input_data(X, ["a"], [shape], check)
        return
    with pytest.raises(ShapeError, match=r"\(6, 3\)"):
        utils.standardize_input_data(X, ["a"], [shape], check)


def test_weights_are_those_of_samples_or_of_classes():
    labels = np.array([0, 1, 1, 0, 2, 2])
    by_class = {0: 1.0, 1: 2.0, 2: 3.0}
    wanted = [1, 2, 2, 1, 3, 3]
    for y in (labels[:, None], np.eye(3)[labels]):
        assert utils.standardize_weights(y, class_weight=by_class).tolist() == wanted
    assert utils.standardize_weights(Y).tolist() == [1.0] * 6
    given = np.arange(6.0)
    np.testing.assert_array_equal(utils.standardize_weights(Y, given), given)
    steps = np.ones((6, 4, 2))
    assert utils.standardize_weights(steps, sample_weight_mode="temporal").shape == (6, 4)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"sample_weight": np.ones(5)},
            ShapeError,
            r"\(5,\).*cannot be broadcast. Expected \(6,\)",
        ),
        (
            {"sample_weight": np.ones((6, 1))},
            ShapeError,
            'one number a sample.*specify sample_weight_mode="temporal"',
        ),
        ({"class_weight": {0: 1.0}}, ConfigError, r"The classes {1.0} exist in the data but"),
        ({"sample_weight_mode": "time"}, ConfigError, "None or \"temporal\". Found: 'time'"),
        (
            {"sample_weight_mode": "temporal"},
            ShapeError,
            "restricted to outputs that are at least 3D",
        ),
    ],
)
def test_weights_that_do_not_fit(arguments, error, message):
    with pytest.raises(error, match=message):
        utils.standardize_weights(Y, **arguments)


def test_lengths_must_agree():
    utils.check_array_length_consistency([X], [Y], [np.ones(6)])
    utils.check_array_length_consistency(X, Y, Y)
    utils.check_array_length_consistency(None, None, None)
    with pytest.raises(ConfigError, match="6 input samples and 5 target samples"):
        utils.check_array_length_consistency([X], [Y[:5]], [np.ones(5)])
    with pytest.raises(ConfigError, match=r"All input arrays \(x\) should have the same number"):
        utils.check_array_length_consistency([X, X[1:]], [Y], [np.ones(6)])
    # None has no samples.
    with pytest.raises(ConfigError, match="0 sample_weight samples and 6 target samples"):
        utils.check_array_length_consistency([X], [Y], None)
    with pytest.raises(ConfigError, match="6 input samples and 0 target samples"):
        utils.check_array_length_consistency(X, None, None)


def test_targets_must_fit_their_losses():
    check = utils.check_loss_and_target_compatibility
    check([Y, None], [losses.mean_squared_error, None], [(None, 1), (None, 2)])
    with pytest.raises(ConfigError, match="one-hot"):
        check([Y], [losses.categorical_crossentropy], [(None, 3)])
    with pytest.raises(ShapeError, match=r"shape \(6, 1\) .* an output of shape \(None, 3\)"):
        check([Y], [losses.mean_squared_error], [(None, 3)])


def test_metrics_are_collected_by_output():
    assert utils.collect_metrics(None, ["a", "b"]) == [[], []]
    assert utils.collect_metrics(["acc"], ["a", "b"]) == [["acc"], ["acc"]]
    assert utils.collect_metrics({"b": "acc"}, ["a", "b"]) == [[], ["acc"]]
    with pytest.warns(UserWarning, match="'c' are ignored: no output"):
        assert utils.collect_metrics({"c": "acc"}, ["a", "b"]) == [[], []]
    with pytest.raises(DTypeError, match="Expected a list or dictionary"):
        utils.collect_metrics("acc", ["a"])


def test_batches_cover_all_samples():
    assert utils.make_batches(7, 3) == [(0, 3), (3, 6), (6, 7)]
    order = utils.batch_shuffle(np.arange(7), 3)
    assert sorted(order[:6].tolist()) == list(range(6))
    assert order[6] == 6
    assert utils.check_num_samples([X], batch_size=2) == 6
    assert utils.check_num_samples([], steps=3) is None
    with pytest.raises(ConfigError, match="`batch_size` must be None"):
        utils.check_num_samples([X], batch_size=2, steps=3)


def test_a_sequence_goes_on_for_ever():
    batches = utils.iter_sequence_infinite([1, 2])
    assert [next(batches) for _ in range(5)] == [1, 2, 1, 2, 1]


@pytest.mark.tf
def test_a_weighted_masked_objective_is_a_scalar():
    from kir import backend as K

    objective = utils.weighted_masked_objective(losses.mean_absolute_error)
    y_true, y_pred = np.zeros((4, 3, 1)), np.arange(12.0).reshape(4, 3, 1)
    mask = np.array([[1, 1, 0]] * 4)
    weights = np.array([0.0, 1.0, 2.0, 3.0])
    found = K.eval(objective(*map(K.constant, (y_true, y_pred, weights, mask))))
    score = (y_pred[..., 0] * mask / mask.mean()).mean(1) * weights / 0.75
    np.testing.assert_allclose(found, score.mean(), rtol=1e-6)
    assert utils.weighted_masked_objective(None) is None
