"""How a built-in layer computes: by its lowering."""

from __future__ import annotations

import inspect
from typing import Any

from kir.engine import tracing
from kir.engine.executor import executor
from kir.engine.tensor import contains_symbolic, executing


class LoweredCall:
    """The `call` of a built-in layer: computed by its lowering, looked up by class.

    On symbolic tensors (a subclass's `super().call(x)`) it records the layer's node.
    """

    def __init__(self, *parameters: str, **defaults: Any) -> None:
        keyword = inspect.Parameter.POSITIONAL_OR_KEYWORD
        self.names = (*parameters, *defaults)
        self.__signature__ = inspect.Signature(
            [inspect.Parameter(n, keyword) for n in ("self", *parameters)]
            + [inspect.Parameter(n, keyword, default=d) for n, d in defaults.items()]
        )

    def __set_name__(self, owner: type, name: str) -> None:
        self.__name__ = name
        self.owner = owner

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        call = self

        def bound(*args: Any, **kwargs: Any) -> Any:
            given = dict(zip(call.names, args, strict=False)) | kwargs
            inputs = given.pop(call.names[0])
            if not executing() and contains_symbolic([inputs, *given.values()]):
                return tracing.record_built_in(instance, inputs, given)
            return executor().call_layer(call.owner, instance, inputs, given)

        bound.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            list(self.__signature__.parameters.values())[1:]
        )
        return bound

    def __call__(self, instance: Any, *args: Any, **kwargs: Any) -> Any:
        """The call by way of the class: ``Dense.call(layer, x)``."""
        return self.__get__(instance, type(instance))(*args, **kwargs)
