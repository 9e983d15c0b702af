"""Models as estimators of today's scikit-learn."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from kir.layers import Dense
from kir.models import Sequential
from kir.wrappers.scikit_learn import KerasClassifier, KerasRegressor

pytestmark = pytest.mark.tf


def classifier(units=8, loss="categorical_crossentropy", optimizer="adam"):
    outputs = 1 if loss == "binary_crossentropy" else 3
    head = "sigmoid" if outputs == 1 else "softmax"
    layers = [Dense(units, activation="relu", input_dim=4), Dense(outputs, activation=head)]
    model = Sequential(layers)
    model.compile(optimizer, loss, metrics=["accuracy"])
    return model


def regressor(units=4):
    model = Sequential([Dense(units, input_dim=4), Dense(1)])
    model.compile("adam", "mse")
    return model


@pytest.fixture
def flowers():
    """Three separable classes with names: (samples, 4) and labels."""
    rng = np.random.RandomState(0)
    classes = rng.randint(0, 3, 60)
    x = np.eye(4)[classes] * 3 + rng.normal(size=(60, 4)) * 0.3
    return x.astype("float32"), np.array(["iris", "rose", "tulip"])[classes]


def test_a_classifier_learns_labels_of_any_kind(flowers):
    x, y = flowers
    np.random.seed(0)
    estimator = KerasClassifier(classifier, epochs=60, batch_size=8, verbose=0)
    history = estimator.fit(x, y)
    assert len(history.history["loss"]) == 60
    assert list(estimator.classes_) == ["iris", "rose", "tulip"]
    assert set(estimator.predict(x)) <= set(estimator.classes_)
    assert estimator.predict_proba(x).shape == (60, 3)
    assert estimator.score(x, y, verbose=0) > 0.9


def test_probabilities_of_one_output_have_two_columns(flowers):
    x, y = flowers
    estimator = KerasClassifier(classifier, loss="binary_crossentropy", verbose=0)
    estimator.fit(x, y == "rose")
    found = estimator.predict_proba(x)
    assert found.shape == (60, 2)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-6)


def test_a_regressor_scores_by_its_loss(flowers):
    x, _ = flowers
    estimator = KerasRegressor(regressor, epochs=2, verbose=0)
    estimator.fit(x, x[:, 0])
    assert estimator.predict(x).shape == (60,)
    assert estimator.score(x, x[:, 0]) == pytest.approx(
        -estimator.model.evaluate(x, x[:, 0], verbose=0)
    )


def test_clones_and_pickles_have_the_same_parameters():
    estimator = KerasClassifier(classifier, units=5, epochs=3)
    assert clone(estimator).get_params() == estimator.get_params()
    assert pickle.loads(pickle.dumps(estimator)).sk_params == {"units": 5, "epochs": 3}
    assert estimator.set_params(units=6).get_params()["units"] == 6


def test_scikit_learn_tells_the_kinds_apart():
    assert is_classifier(KerasClassifier(classifier))
    assert is_regressor(KerasRegressor(regressor))


def test_a_grid_search_varies_the_model_and_its_training(flowers):
    x, y = flowers
    np.random.seed(0)
    search = GridSearchCV(
        KerasClassifier(classifier, batch_size=8, verbose=0),
        {"units": [2, 8], "epochs": [1, 60]},
        cv=2,
    )
    search.fit(x, y)
    assert len(search.cv_results_["mean_test_score"]) == 4
    assert search.best_params_["epochs"] == 60


def test_pipelines_and_cross_validation_take_it(flowers):
    x, y = flowers
    pipeline = make_pipeline(StandardScaler(), KerasClassifier(classifier, epochs=2, verbose=0))
    assert cross_val_score(pipeline, x, y, cv=2).shape == (2,)


def test_a_class_with_a_call_of_its_own_builds_the_model(flowers):
    class Grown(KerasRegressor):
        def __call__(self, units=3):
            return regressor(units)

    estimator = Grown(units=2, verbose=0)
    estimator.fit(flowers[0], flowers[0][:, 1])
    assert estimator.model.layers[0].units == 2


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: KerasClassifier(classifier, unit=3), "unit is not a legal parameter"),
        (lambda: KerasClassifier(classifier).predict(np.zeros((1, 4))), "has no model yet"),
        (
            lambda: KerasClassifier(classifier).fit(np.zeros((2, 4)), np.zeros((2, 1, 1))),
            "Invalid shape for y",
        ),
    ],
)
def test_mistakes_are_named(act, message):
    with pytest.raises((ValueError, RuntimeError), match=message):
        act()
