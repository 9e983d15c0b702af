"""Models as estimators of other libraries."""

from __future__ import annotations

from kir._lazy import lazy_names

__getattr__ = lazy_names(__name__, {"scikit_learn": "kir.wrappers.scikit_learn"})
