"""What `compile` was told, resolved against a model's outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from compiler.programs.objective import Metric, OutputObjective
from kir import losses, metrics, optimizers
from kir.errors import ArgumentError, ConfigError, DTypeError
from kir.utils.generic_utils import to_list

# For each short name: (binary, sparse, categorical) function.
_CHOSEN_BY_OUTPUT: dict[str, tuple[str, tuple[Callable[..., Any], ...]]] = {
    name: (short, functions)
    for names, short, functions in (
        (
            ("accuracy", "acc"),
            "acc",
            (
                metrics.binary_accuracy,
                metrics.sparse_categorical_accuracy,
                metrics.categorical_accuracy,
            ),
        ),
        (
            ("crossentropy", "ce"),
            "ce",
            (
                metrics.binary_crossentropy,
                metrics.sparse_categorical_crossentropy,
                metrics.categorical_crossentropy,
            ),
        ),
    )
    for name in names
}


@dataclass
class Compilation:
    """A model's losses, metrics and optimizer.

    Attributes:
        objectives: one for each output.
        metrics_names: names of all logs, ``loss`` first.
        jit: what the user says of XLA; None leaves it to kir.
    """

    optimizer: Any
    objectives: list[OutputObjective]
    metrics_names: list[str] = field(default_factory=list)
    jit: bool | None = None

    @property
    def active(self) -> list[OutputObjective]:
        """The outputs that have a loss."""
        return [o for o in self.objectives if o.loss is not None]


def resolve(model: Any, arguments: Mapping[str, Any]) -> Compilation:
    """Checks the arguments of `compile` and finds the functions that they name."""
    options = dict(arguments)
    jit = options.pop("jit", None)
    known = {
        "optimizer",
        "loss",
        "metrics",
        "loss_weights",
        "sample_weight_mode",
        "weighted_metrics",
        "target_tensors",
    }
    unknown = set(options) - known
    if unknown:
        raise ArgumentError(
            f"compile() does not know the argument `{sorted(unknown)[0]}`; it takes "
            f"{', '.join(sorted(known))} and jit."
        )
    names = model.output_names
    functions = _losses(options["loss"], names, model)
    factors = _loss_weights(options["loss_weights"], names)
    modes = _weight_modes(options["sample_weight_mode"], names)
    objectives = [
        OutputObjective(n, x, f, w, m == "temporal")
        for n, x, f, w, m in zip(names, model.outputs, functions, factors, modes, strict=True)
    ]
    for objective in objectives:
        rank = objective.output.type.rank
        if objective.is_temporal and objective.loss is not None and rank is not None and rank < 3:
            raise ConfigError(
                f"Output {objective.name!r} is {objective.output.type}; sample_weight_mode "
                "'temporal' needs rank 3 at least, (batch, timesteps, ...)."
            )
    compilation = Compilation(optimizers.get(options["optimizer"]), objectives, ["loss"], jit)
    if len(names) > 1:
        compilation.metrics_names += [f"{o.name}_loss" for o in compilation.active]
    plain = _by_output(options["metrics"], names, "metrics")
    weighted = _by_output(options["weighted_metrics"], names, "weighted_metrics")
    for objective, a, b in zip(objectives, plain, weighted, strict=True):
        if objective.loss is None:
            continue
        for entries, is_weighted in ((a, False), (b, True)):
            for entry in entries:
                _add_metric(compilation, objective, entry, is_weighted)
    return compilation


def _losses(loss: Any, names: Sequence[str], model: Any) -> list[Any]:
    if isinstance(loss, Mapping):
        for name in loss:
            if name not in names:
                raise ConfigError(
                    f"The dict of losses names {name!r}, which is no output; the outputs are "
                    f"{', '.join(map(repr, names))}."
                )
        given = [loss.get(n) for n in names]
    elif isinstance(loss, list | tuple):
        if len(loss) != len(names):
            raise ConfigError(
                f"The model has {len(names)} outputs; got a list of {len(loss)} losses: {loss!r}."
            )
        given = list(loss)
    elif loss is None:
        if not model.losses:
            raise ConfigError(
                f"{model._label()}: compile() needs a `loss`; or add a loss with "
                "model.add_loss() before."
            )
        given = [None for _ in names]
    else:
        given = [loss for _ in names]
    return [losses.get(f) for f in given]


def _loss_weights(weights: Any, names: Sequence[str]) -> list[float]:
    if weights is None:
        return [1.0 for _ in names]
    if isinstance(weights, Mapping):
        for name in weights:
            if name not in names:
                raise ConfigError(
                    f"loss_weights names {name!r}, which is no output; the outputs are "
                    f"{', '.join(map(repr, names))}."
                )
        return [float(weights.get(n, 1.0)) for n in names]
    if isinstance(weights, list | tuple):
        if len(weights) != len(names):
            raise ConfigError(
                f"The model has {len(names)} outputs; got {len(weights)} loss_weights: {weights!r}."
            )
        return [float(w) for w in weights]
    raise DTypeError(f"loss_weights is {weights!r}; expected a list or a dict by output name.")


def _weight_modes(mode: Any, names: Sequence[str]) -> list[str | None]:
    if isinstance(mode, Mapping):
        for name in mode:
            if name not in names:
                raise ConfigError(
                    f"sample_weight_mode names {name!r}, which is no output; the outputs are "
                    f"{', '.join(map(repr, names))}."
                )
        return [mode.get(n) for n in names]
    if isinstance(mode, list | tuple):
        if len(mode) != len(names):
            raise ConfigError(
                f"The model has {len(names)} outputs; got {len(mode)} sample_weight_modes."
            )
        return list(mode)
    return [mode for _ in names]


def _by_output(given: Any, names: Sequence[str], what: str) -> list[list[Any]]:
    if not given:
        return [[] for _ in names]
    if isinstance(given, Mapping):
        for name in given:
            if name not in names:
                raise ConfigError(
                    f"{what} names {name!r}, which is no output; the outputs are "
                    f"{', '.join(map(repr, names))}."
                )
        return [to_list(given.get(n, [])) for n in names]
    if isinstance(given, list | tuple):
        return [list(given) for _ in names]
    raise DTypeError(f"{what} is {given!r}; expected a list, or a dict by output name.")


def _add_metric(
    compilation: Compilation, objective: OutputObjective, entry: Any, is_weighted: bool
) -> None:
    prefix = "weighted_" if is_weighted else ""
    if isinstance(entry, str) and entry in _CHOSEN_BY_OUTPUT:
        short, (binary, sparse, categorical) = _CHOSEN_BY_OUTPUT[entry]
        shape = objective.output.type.shape or ()
        if shape[-1:] == (1,) or objective.loss is losses.binary_crossentropy:
            function = binary
        elif objective.loss is losses.sparse_categorical_crossentropy:
            function = sparse
        else:
            function = categorical
        name = prefix + short
    else:
        function = metrics.get(entry)
        name = prefix + getattr(function, "name", getattr(function, "__name__", str(entry)))
    if len(compilation.objectives) > 1:
        name = f"{objective.name}_{name}"
    unique, number = name, 1
    while unique in compilation.metrics_names:
        unique, number = f"{name}_{number}", number + 1
    compilation.metrics_names.append(unique)
    objective.metrics.append(Metric(unique, function, is_weighted))
