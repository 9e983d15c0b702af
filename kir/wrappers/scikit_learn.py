"""Models as estimators of scikit-learn: `clone`, `GridSearchCV`, pipelines, cross-validation.

scikit-learn itself is imported only where it asks for its own tags.
"""

from __future__ import annotations

import importlib
import types
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from kir.engine.sequential import Sequential as Sequential
from kir.errors import ConfigError, ShapeError, StateError
from kir.utils.generic_utils import has_arg, to_list
from kir.utils.np_utils import to_categorical

_METHODS = (Sequential.fit, Sequential.predict, Sequential.predict_classes, Sequential.evaluate)


class BaseWrapper:
    """What the classifier and the regressor have in common.

    Args:
        build_fn: a function, or an object that can be called, that returns a compiled model. Left
            out, the subclass's own `__call__` does.
        **sk_params: arguments of `build_fn` and of the model's `fit`, `predict`,
            `predict_classes` and `evaluate`, which a search may vary.

    Attributes:
        model: the model, once `fit` was called.

    Raises:
        ConfigError: a parameter that none of these functions takes.

    Reference:
        https://keras.io/scikit-learn-api (Keras 2.2.4).
    """

    model: Any

    def __init__(self, build_fn: Any = None, **sk_params: Any) -> None:
        self.build_fn = build_fn
        self.sk_params = sk_params
        self.check_params(sk_params)

    def _builder(self) -> Callable[..., Any]:
        """The function that makes the model: one whose parameters can be looked up."""
        if self.build_fn is None:
            return self.__call__  # type: ignore[attr-defined,no-any-return]
        if isinstance(self.build_fn, types.FunctionType | types.MethodType):
            return self.build_fn
        return self.build_fn.__call__  # type: ignore[no-any-return]

    def check_params(self, params: Mapping[str, Any]) -> None:
        """Checks that each parameter has a function that takes it.

        Args:
            params: the parameters by name.

        Raises:
            ConfigError: none takes it.
        """
        functions = [*_METHODS, self._builder()]
        for name in params:
            if name != "nb_epoch" and not any(has_arg(f, name) for f in functions):
                raise ConfigError(
                    f"{name} is not a legal parameter: neither the function that builds the model "
                    "nor fit, predict, predict_classes or evaluate takes it."
                )

    def get_params(self, **params: Any) -> dict[str, Any]:
        """The parameters, `build_fn` among them.

        Args:
            **params: what scikit-learn passes (`deep`); without effect.
        """
        return {**self.sk_params, "build_fn": self.build_fn}

    def set_params(self, **params: Any) -> BaseWrapper:
        """Sets parameters and returns the estimator.

        Args:
            **params: the parameters by name.

        Raises:
            ConfigError: no function takes one of them.
        """
        if "build_fn" in params:
            self.build_fn = params.pop("build_fn")
        self.check_params(params)
        self.sk_params.update(params)
        return self

    def fit(self, x: Any, y: Any, **kwargs: Any) -> Any:
        """Builds a new model and trains it.

        Args:
            x: inputs, (samples, features...).
            y: targets, (samples,) or (samples, outputs).
            **kwargs: further arguments of `Sequential.fit`.

        Returns:
            the `History` of the training.
        """
        build = self._builder()
        self.model = build(**self.filter_sk_params(build))
        arguments = {**self.filter_sk_params(Sequential.fit), **kwargs}
        return self.model.fit(x, self._encoded(y), **arguments)

    def _encoded(self, y: Any) -> Any:
        """Targets as the model's loss takes them."""
        loss = getattr(self.model.loss, "__name__", self.model.loss)
        if loss == "categorical_crossentropy" and np.ndim(y) != 2:
            return to_categorical(y)
        return y

    def _fitted(self) -> Any:
        if not hasattr(self, "model"):
            raise StateError(
                f"{type(self).__name__} has no model yet. Call fit before predict or score."
            )
        return self.model

    def filter_sk_params(
        self, fn: Callable[..., Any], override: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Those parameters that a function takes.

        Args:
            fn: the function.
            override: values that go before the estimator's own.
        """
        taken = {k: v for k, v in self.sk_params.items() if has_arg(fn, k)}
        return {**taken, **(override or {})}

    # -- what today's scikit-learn asks of an estimator

    _estimator_type: str | None = None

    def __sklearn_is_fitted__(self) -> bool:
        """Whether `fit` was called."""
        return hasattr(self, "model")

    def __sklearn_tags__(self) -> Any:
        """The kind of estimator, in scikit-learn's own class."""
        tags = importlib.import_module("sklearn.utils")
        kind = self._estimator_type
        return tags.Tags(
            estimator_type=kind,
            target_tags=tags.TargetTags(required=True),
            classifier_tags=tags.ClassifierTags() if kind == "classifier" else None,
            regressor_tags=tags.RegressorTags() if kind == "regressor" else None,
            input_tags=tags.InputTags(three_d_array=True),
        )


class KerasClassifier(BaseWrapper):
    """A model as a classifier of scikit-learn; see `BaseWrapper`.

    Args:
        build_fn: a function that returns a compiled model.
        **sk_params: arguments of `build_fn`, `fit`, `predict`, `predict_classes` and `evaluate`.

    Attributes:
        classes_: the labels, in the order of the model's outputs.
        n_classes_: how many there are.

    Reference:
        https://keras.io/scikit-learn-api (Keras 2.2.4).
    """

    _estimator_type = "classifier"
    classes_: np.ndarray
    n_classes_: int

    def fit(self, x: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> Any:
        """Builds a new model and trains it.

        Args:
            x: inputs, (samples, features...).
            y: labels of any kind, (samples,) or (samples, 1), or one-hot rows (samples, classes).
            sample_weight: a weight for each sample, (samples,).
            **kwargs: further arguments of `Sequential.fit`.

        Returns:
            the `History` of the training.

        Raises:
            ShapeError: labels with more axes.
        """
        labels = np.asarray(y)
        if labels.ndim == 2 and labels.shape[1] > 1:
            self.classes_ = np.arange(labels.shape[1])
        elif labels.ndim == 1 or (labels.ndim == 2 and labels.shape[1] == 1):
            self.classes_ = np.unique(labels)
            labels = np.searchsorted(self.classes_, labels)
        else:
            raise ShapeError(
                f"Invalid shape for y: {labels.shape}; expected labels (samples,) or (samples, 1), "
                "or one-hot rows (samples, classes)."
            )
        self.n_classes_ = len(self.classes_)
        if sample_weight is not None:
            kwargs["sample_weight"] = sample_weight
        return super().fit(x, labels, **kwargs)

    def predict(self, x: Any, **kwargs: Any) -> np.ndarray:
        """The most likely label of each sample.

        Args:
            x: inputs, (samples, features...).
            **kwargs: arguments of `Sequential.predict_classes`.

        Returns:
            (samples,), or (samples, 1) from a model with one output.
        """
        arguments = self.filter_sk_params(Sequential.predict_classes, kwargs)
        numbers = self._fitted().predict_classes(x, **arguments)
        found: np.ndarray = self.classes_[numbers]
        return found

    def predict_proba(self, x: Any, **kwargs: Any) -> np.ndarray:
        """The probability of each label, (samples, classes).

        Args:
            x: inputs, (samples, features...).
            **kwargs: arguments of `Sequential.predict_classes`.
        """
        arguments = self.filter_sk_params(Sequential.predict_classes, kwargs)
        found: np.ndarray = self._fitted().predict(x, **arguments)
        return np.hstack([1 - found, found]) if found.shape[1] == 1 else found

    def score(self, x: Any, y: Any, **kwargs: Any) -> float:
        """The accuracy on data.

        Args:
            x: inputs, (samples, features...).
            y: labels as in `fit`.
            **kwargs: arguments of `Sequential.evaluate`.

        Raises:
            ConfigError: the model was not compiled with accuracy among its metrics.
        """
        model = self._fitted()
        labels = np.searchsorted(self.classes_, y)
        arguments = self.filter_sk_params(Sequential.evaluate, kwargs)
        logs = to_list(model.evaluate(x, self._encoded(labels), **arguments))
        for name, value in zip(model.metrics_names, logs, strict=True):
            if name == "acc":
                return float(value)
        raise ConfigError(
            "The model is not configured to compute accuracy. You should pass "
            '`metrics=["accuracy"]` to the `model.compile()` method.'
        )


class KerasRegressor(BaseWrapper):
    """A model as a regressor of scikit-learn; see `BaseWrapper`.

    Args:
        build_fn: a function that returns a compiled model.
        **sk_params: arguments of `build_fn`, `fit`, `predict`, `predict_classes` and `evaluate`.

    Reference:
        https://keras.io/scikit-learn-api (Keras 2.2.4).
    """

    _estimator_type = "regressor"

    def predict(self, x: Any, **kwargs: Any) -> np.ndarray:
        """The model's outputs, without a last axis of size 1.

        Args:
            x: inputs, (samples, features...).
            **kwargs: arguments of `Sequential.predict`.
        """
        arguments = self.filter_sk_params(Sequential.predict, kwargs)
        found: np.ndarray = self._fitted().predict(x, **arguments)
        return np.squeeze(found, axis=-1)

    def score(self, x: Any, y: Any, **kwargs: Any) -> float:
        """The loss on data with its sign turned, so that larger is better.

        Args:
            x: inputs, (samples, features...).
            y: targets.
            **kwargs: arguments of `Sequential.evaluate`.
        """
        arguments = self.filter_sk_params(Sequential.evaluate, kwargs)
        return -float(to_list(self._fitted().evaluate(x, y, **arguments))[0])
