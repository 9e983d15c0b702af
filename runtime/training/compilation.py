"""What `compile` was told, resolved against a model's outputs."""

from __future__ import annotations

import difflib
import reprlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from compiler.devices import find_device
from compiler.programs.inference import type_of
from compiler.programs.objective import OutputObjective
from compiler.tensorflow import tf
from kir import backend as K
from kir import losses, optimizers
from kir.engine.tensor import Tensor
from kir.engine.training_utils import collect_metrics
from kir.engine.variable import Variable
from kir.errors import ArgumentError, ConfigError, DTypeError
from kir.user_warnings import warn_user
from runtime.training.metric_resolution import metrics_of

ARGUMENTS = (
    "optimizer",
    "loss",
    "metrics",
    "loss_weights",
    "sample_weight_mode",
    "weighted_metrics",
    "target_tensors",
)
# What Keras handed on to TensorFlow 1's session; nothing runs in one here.
SESSION_ARGUMENTS = ("options", "run_metadata")
# Beyond Keras's.
OWN_ARGUMENTS = ("jit", "device")


@dataclass
class Compilation:
    """A model's losses, metrics and optimizer.

    Attributes:
        objectives: one for each output.
        metrics_names: names of all logs, ``loss`` first.
        jit: what the user says of XLA; None leaves it to kir.
        device: full name of the device to run on; None leaves it to TensorFlow.
    """

    optimizer: Any
    objectives: list[OutputObjective]
    metrics_names: list[str] = field(default_factory=list)
    jit: bool | None = None
    device: str | None = None

    @property
    def stateful_metrics(self) -> dict[str, Any]:
        """The metrics that accumulate by themselves, by the names under which they are logged."""
        metrics = [m for o in self.objectives for m in o.metrics]
        return {m.name: m.function for m in metrics if m.is_stateful}

    @property
    def active(self) -> list[OutputObjective]:
        """The outputs that have a loss."""
        return [o for o in self.objectives if o.loss is not None]


def resolve(model: Any, arguments: Mapping[str, Any]) -> Compilation:
    """Checks the arguments of `compile` and finds the functions that they name."""
    options = dict(arguments)
    jit = options.pop("jit", None)
    device = options.pop("device", None)
    for key in SESSION_ARGUMENTS:
        if options.pop(key, None) is not None:
            warnings.warn(
                f"compile() ignores `{key}`, as no session of TensorFlow 1 runs the steps. To see "
                "what they take, use tf.profiler.",
                stacklevel=5,
            )
    for key in options:
        if key not in ARGUMENTS:
            near = difflib.get_close_matches(key, (*ARGUMENTS, *OWN_ARGUMENTS), n=1)
            hint = f" Did you mean `{near[0]}`?" if near else ""
            raise ArgumentError(
                f"compile() does not know the argument `{key}`.{hint} It takes "
                f"{', '.join(ARGUMENTS)}; and of kir's own {' and '.join(OWN_ARGUMENTS)}."
            )
    names = model.output_names
    functions = _losses(options["loss"], names, model)
    factors = _loss_weights(options["loss_weights"], names)
    modes = _weight_modes(options["sample_weight_mode"], names, functions)
    targets = _targets(options["target_tensors"], names)
    objectives = [
        OutputObjective(n, x, f, w, m == "temporal", t)
        for n, x, f, w, m, t in zip(
            names, model.outputs, functions, factors, modes, targets, strict=True
        )
    ]
    compilation = Compilation(
        optimizers.get(options["optimizer"]),
        objectives,
        ["loss"],
        jit,
        None if device is None else find_device(device),
    )
    if len(names) > 1:
        compilation.metrics_names += [f"{o.name}_loss" for o in compilation.active]
    plain = collect_metrics(options["metrics"], names)
    weighted = collect_metrics(options["weighted_metrics"], names)
    for objective, a, b in zip(objectives, plain, weighted, strict=True):
        if objective.loss is None:
            continue
        for metric in metrics_of(objective, a, b):
            if len(names) > 1:
                metric.name = f"{objective.name}_{metric.name}"
            metric.name = _unique(metric.name, compilation.metrics_names)
            compilation.metrics_names.append(metric.name)
            objective.metrics.append(metric)
    return compilation


def _unique(name: str, taken: Sequence[str]) -> str:
    unique, number = name, 1
    while unique in taken:
        unique, number = f"{name}_{number}", number + 1
    return unique


def _losses(loss: Any, names: Sequence[str], model: Any) -> list[Any]:
    if isinstance(loss, Mapping):
        _check_names("loss", loss, names)
        for name in names:
            if name not in loss:
                warn_user(
                    f'Output "{name}" missing from loss dictionary. We assume this was done on '
                    f'purpose, and will not expect any data to be passed to "{name}" during '
                    "training."
                )
        given = [loss.get(n) for n in names]
    elif isinstance(loss, list | tuple):
        if len(loss) != len(names):
            raise _count_error("loss", loss, names)
        given = list(loss)
    elif loss is None:
        if not model.losses:
            raise ConfigError(
                "The model cannot be compiled because it has no loss to optimize: give "
                f"{model._label()} a `loss`, or add one with model.add_loss() before."
            )
        given = [None for _ in names]
    else:
        given = [loss for _ in names]
    return [losses.get(f) for f in given]


def _loss_weights(weights: Any, names: Sequence[str]) -> list[float]:
    if weights is None:
        return [1.0 for _ in names]
    if isinstance(weights, Mapping):
        _check_names("loss_weights", weights, names)
        return [float(weights.get(n, 1.0)) for n in names]
    if isinstance(weights, list):
        if len(weights) != len(names):
            raise _count_error("loss_weights", weights, names)
        return [float(w) for w in weights]
    raise DTypeError(
        f"Could not interpret loss_weights argument: {weights!r}; expected a list, or a dict by "
        "output name."
    )


def _weight_modes(mode: Any, names: Sequence[str], functions: Sequence[Any]) -> list[str | None]:
    if isinstance(mode, Mapping):
        _check_names("sample_weight_mode", mode, names)
        for name, function in zip(names, functions, strict=True):
            if function is not None and name not in mode:
                raise ConfigError(
                    f'Output "{name}" missing from sample_weight_modes dictionary; give None for '
                    "an output whose weights are one number a sample."
                )
        return [mode.get(n) for n in names]
    if isinstance(mode, list | tuple):
        if len(mode) != len(names):
            raise _count_error("sample_weight_mode", mode, names)
        return list(mode)
    return [mode for _ in names]


def _targets(given: Any, names: Sequence[str]) -> list[Tensor | None]:
    """The tensors that are to be targets, as values of the graph."""
    if given is None:
        return [None for _ in names]
    if isinstance(given, Mapping):
        _check_names("`target_tensors`", given, names)
        found = [given.get(n) for n in names]
    elif isinstance(given, list | tuple):
        if len(given) != len(names):
            raise _count_error("`target_tensors`", given, names)
        found = list(given)
    elif K.is_tensor(given):
        if len(names) > 1:
            raise ConfigError(
                f"The model has {len(names)} outputs, but you passed a single tensor as "
                "`target_tensors`. Expected a list or a dict of tensors."
            )
        found = [given]
    else:
        raise DTypeError(
            "Expected `target_tensors` to be a tensor, a list of tensors, or dict of tensors by "
            f"output name, but got: {given!r}."
        )
    return [None if t is None else _as_target(t, n) for t, n in zip(found, names, strict=True)]


def _as_target(given: Any, name: str) -> Tensor:
    if isinstance(given, Tensor):
        return given
    if isinstance(given, Variable):
        return K.identity(given)  # type: ignore[no-any-return]
    value = tf.convert_to_tensor(given)
    target = Tensor(type_of(value), f"{name}_target")
    target.fixed_value = value  # type: ignore[attr-defined]
    return target


def _check_names(what: str, given: Mapping[str, Any], names: Sequence[str]) -> None:
    for name in given:
        if name not in names:
            near = difflib.get_close_matches(str(name), names, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ConfigError(
                f'Unknown entry in {what} dictionary: "{name}". Only expected the following keys: '
                f"{list(names)}, the names of the outputs.{hint}"
            )


def _count_error(what: str, given: Sequence[Any], names: Sequence[str]) -> ConfigError:
    # Keras 2.2 says it in two ways, and programs look for either.
    plural = "s" if what == "loss" else ""
    return ConfigError(
        f"When passing a list as {what}, it should have one entry per model output{plural}. The "
        f"model has {len(names)} outputs, but you passed {what.strip('`')}={reprlib.repr(given)}."
    )
