"""Architectures that other versions of Keras wrote, as configs of Keras 2.2.4.

`upgrade` takes the decoded JSON or YAML of Keras 0.3, 1 and 2, of tf.keras and of Keras 3. It says
what it renamed, left out, assumed and repaired, and raises where a layer or an argument has no
equal here and would change numbers. Defaults are those of the version that wrote the file.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kir.errors import RepairWarning, UpgradeWarning
from kir.serde.upgrading.keras_0 import from_keras_0
from kir.serde.upgrading.layers import Context
from kir.serde.upgrading.merges import without_merges
from kir.serde.upgrading.networks import makes_masks, upgrade_entry
from kir.serde.upgrading.origins import Dialect as Dialect
from kir.serde.upgrading.origins import Origin as Origin
from kir.serde.upgrading.origins import find_origin as find_origin
from kir.serde.upgrading.repairs import template_of_copies
from kir.serde.upgrading.report import Change as Change
from kir.serde.upgrading.report import Kind as Kind
from kir.serde.upgrading.report import Report as Report

__all__ = ["Change", "Dialect", "Kind", "Origin", "Report", "Upgraded", "find_origin", "upgrade"]


@dataclass(frozen=True)
class Upgraded:
    """A config in the words of Keras 2.2.4.

    Attributes:
        config: ``{"class_name": ..., "config": ...}``.
        origin: what wrote it.
        report: what was changed.
        template: the name of the layer of the written model that the config is now; None if it
            is the whole model.
    """

    config: Any
    origin: Origin
    report: Report
    template: str | None = None

    def warn(self, stacklevel: int = 2) -> None:
        """Warns of repairs, and of assumptions that could change numbers."""
        for kind, category in ((Kind.REPAIRED, RepairWarning), (Kind.ASSUMED, UpgradeWarning)):
            found = dict.fromkeys(f"{c.where}: {c.what}" for c in self.report.of(kind))
            if found:
                lines = "; ".join(list(found)[:5])
                more = f"; and {len(found) - 5} more" if len(found) > 5 else ""
                text = f"The model was written by {self.origin}. {kind.value}: {lines}{more}."
                warnings.warn(text, category, stacklevel=stacklevel + 1)


def upgrade(
    config: Any,
    table: Mapping[str, Any],
    custom: Iterable[str] = (),
    keras_version: str | None = None,
) -> Upgraded:
    """A config of any Keras as one of Keras 2.2.4.

    Args:
        config: the decoded JSON or YAML.
        table: the layer classes of this library, by name.
        custom: the names of the user's own classes, whose configs are left alone.
        keras_version: of the program that wrote it, if the config does not say.

    Raises:
        ConfigError: a layer or an argument has no equal in Keras 2.2.4; names both.
    """
    origin = find_origin(config, keras_version)
    report = Report(str(origin))
    if not isinstance(config, Mapping):
        return Upgraded(config, origin, report)
    if origin.dialect is Dialect.KERAS_0:
        config = from_keras_0(config, report)
    if origin.dialect <= Dialect.KERAS_1:
        config = without_merges(config, report)
    if origin.dialect is not Dialect.KERAS_2:
        context = Context(origin, table, frozenset(custom), report, makes_masks(config))
        config = upgrade_entry(config, context)
    config, template = template_of_copies(config, report)
    return Upgraded(config, origin, report, template)
