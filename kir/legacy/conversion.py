"""The calls of Keras 1, turned into those of Keras 2 with a warning that shows the new call.

One table says, class by class, how many arguments may be given by position, which arguments have
another name now, which values are written otherwise, and what needs more than that.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kir.errors import ArgumentError
from kir.legacy.arguments import (
    Prepare,
    batch_normalization_mode,
    convolution_2d_kernel,
    convolution_3d_kernel,
    embedding_dropout,
    forget_bias,
    generator_counts,
    input_dim_and_length,
    recurrent_input_dim,
    separable_init,
    transposed_output_shape,
    weight_name_and_shape,
    zero_padding_sides,
)
from kir.user_warnings import warn_user

Names = tuple[tuple[str, str], ...]

_DATA_FORMATS = {"tf": "channels_last", "th": "channels_first", "default": None}
_FORMAT: Names = (("dim_ordering", "data_format"),)
_KERNEL: Names = (
    ("init", "kernel_initializer"),
    ("W_regularizer", "kernel_regularizer"),
    ("b_regularizer", "bias_regularizer"),
    ("W_constraint", "kernel_constraint"),
    ("b_constraint", "bias_constraint"),
    ("bias", "use_bias"),
)
_WINDOWS_1D: Names = (
    ("nb_filter", "filters"),
    ("filter_length", "kernel_size"),
    ("subsample_length", "strides"),
    ("border_mode", "padding"),
)
_WINDOWS: Names = (
    ("nb_filter", "filters"),
    ("subsample", "strides"),
    ("border_mode", "padding"),
    *_FORMAT,
)
_STATE: Names = (
    ("init", "kernel_initializer"),
    ("inner_init", "recurrent_initializer"),
    ("inner_activation", "recurrent_activation"),
    ("W_regularizer", "kernel_regularizer"),
    ("b_regularizer", "bias_regularizer"),
    ("U_regularizer", "recurrent_regularizer"),
    ("dropout_W", "dropout"),
    ("dropout_U", "recurrent_dropout"),
)
_FILTERS = ("filters", "kernel_size")
_POOL = ("pool_size", "strides", "padding")


@dataclass(frozen=True)
class Interface:
    """How calls of one class or function were written in Keras 1.

    Attributes:
        positional: the arguments that may be given by position; None allows all of them.
        renamed: pairs of an old name and today's.
        values: for arguments by their old names, today's values by the old ones.
        prepare: what else has to be turned around, before everything else.
    """

    positional: tuple[str, ...] | None = None
    renamed: Names = ()
    values: Mapping[str, Mapping[Any, Any]] = field(default_factory=dict)
    prepare: tuple[Prepare, ...] = ()

    def convert(
        self, label: str, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The call's arguments as Keras 2 takes them.

        Args:
            label: what is called.
            args: arguments by position, without `self`.
            kwargs: arguments by name.

        Raises:
            ArgumentError: too many arguments by position, or one under its old and its new name.
        """
        arguments, given = tuple(args), dict(kwargs)
        converted = False
        for prepare in self.prepare:
            arguments, given, changed = prepare(arguments, given)
            converted |= changed
        if self.positional is not None and len(arguments) > len(self.positional):
            raise ArgumentError(
                f"{label} takes {len(self.positional)} positional arguments "
                f"({', '.join(self.positional)}); got {len(arguments)}: {arguments!r}. Give the "
                "others by name."
            )
        for old, words in self.values.items():
            if old in given and isinstance(given[old], str):
                given[old] = words.get(given[old], given[old])
        for old, new in self.renamed:
            if old not in given:
                continue
            value = given.pop(old)
            if new in given:
                raise ArgumentError(
                    f"{label} got `{old}` and `{new}`, which is its name since Keras 2. Give "
                    f"`{new}` only."
                )
            given[new] = value
            converted = True
        if converted:
            warn_user(
                f"Update your `{label}` call to the Keras 2 API: {_call(label, arguments, given)}"
            )
        return arguments, given


def _call(label: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    shown = [_shown(value) for value in args]
    shown += [f"{name}={_shown(value)}" for name, value in kwargs.items()]
    return f"`{label}({', '.join(shown)})`"


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return "array"
    if isinstance(value, str):
        return f'"{value}"'
    text = str(value)
    # Keras cut at ten characters; a tuple of sizes should be readable.
    return text if len(text) <= 40 else f"{text[:40]}..."


def _recurrent(first: str) -> Interface:
    return Interface(
        (first,),
        (("output_dim", first), *_STATE, ("consume_less", "implementation")),
        {"consume_less": {"cpu": 0, "mem": 1, "gpu": 2}},
        (forget_bias, recurrent_input_dim),
    )


def _formatted(positional: tuple[str, ...] | None, renamed: Names, *prepare: Prepare) -> Interface:
    """An interface in which `dim_ordering` is called data_format now."""
    return Interface(positional, renamed, {"dim_ordering": _DATA_FORMATS}, prepare)


_POOLING_1D = Interface(
    _POOL, (("pool_length", "pool_size"), ("stride", "strides"), ("border_mode", "padding"))
)
_POOLING = _formatted(_POOL, (("border_mode", "padding"), *_FORMAT))
_CONVOLUTION_1D = Interface(_FILTERS, (*_WINDOWS_1D, *_KERNEL), prepare=(input_dim_and_length,))
_CONVOLUTION_2D = _formatted(_FILTERS, (*_WINDOWS, *_KERNEL), convolution_2d_kernel)
_SPATIAL_DROPOUT = _formatted(("rate",), (("p", "rate"), *_FORMAT))
_NETWORK = Interface(None, (("input", "inputs"), ("output", "outputs")))
_WITH_FORMAT = _formatted(None, _FORMAT)

# By class name. A user's subclass has the interface of the built-in class that it derives from.
INTERFACES: dict[str, Interface] = {
    "AveragePooling1D": _POOLING_1D,
    "AveragePooling2D": _POOLING,
    "AveragePooling3D": _POOLING,
    "BatchNormalization": Interface(
        (),
        (("beta_init", "beta_initializer"), ("gamma_init", "gamma_initializer")),
        prepare=(batch_normalization_mode,),
    ),
    "Conv1D": _CONVOLUTION_1D,
    "Conv2D": _CONVOLUTION_2D,
    "Conv2DTranspose": _formatted(
        _FILTERS, (*_WINDOWS, *_KERNEL), transposed_output_shape, convolution_2d_kernel
    ),
    "Conv3D": _formatted(_FILTERS, (*_WINDOWS, *_KERNEL), convolution_3d_kernel),
    "ConvLSTM2D": _formatted(
        _FILTERS, (*_WINDOWS, *_STATE, ("bias", "use_bias")), forget_bias, convolution_2d_kernel
    ),
    "Cropping2D": _formatted(("cropping",), _FORMAT),
    "Cropping3D": _formatted(("cropping",), _FORMAT),
    "Dense": Interface(("units",), (("output_dim", "units"), *_KERNEL)),
    "Dropout": Interface(("rate", "noise_shape", "seed"), (("p", "rate"),)),
    "Embedding": Interface(
        ("input_dim", "output_dim"),
        (
            ("init", "embeddings_initializer"),
            ("W_regularizer", "embeddings_regularizer"),
            ("W_constraint", "embeddings_constraint"),
        ),
        prepare=(embedding_dropout,),
    ),
    "GRU": _recurrent("units"),
    "GaussianDropout": Interface(("rate",), (("p", "rate"),)),
    "GaussianNoise": Interface(("stddev",), (("sigma", "stddev"),)),
    "GlobalAveragePooling2D": _WITH_FORMAT,
    "GlobalAveragePooling3D": _WITH_FORMAT,
    "GlobalMaxPooling2D": _WITH_FORMAT,
    "GlobalMaxPooling3D": _WITH_FORMAT,
    "InputLayer": Interface(None, (("input_dtype", "dtype"),)),
    "LSTM": _recurrent("units"),
    "Lambda": Interface(("function", "output_shape")),
    "LocallyConnected1D": _CONVOLUTION_1D,
    "LocallyConnected2D": _CONVOLUTION_2D,
    "MaxPooling1D": _POOLING_1D,
    "MaxPooling2D": _POOLING,
    "MaxPooling3D": _POOLING,
    "Network": _NETWORK,
    "PReLU": Interface(("alpha_initializer",), (("init", "alpha_initializer"),)),
    "SeparableConv2D": _formatted(
        _FILTERS,
        (
            *_WINDOWS,
            ("b_regularizer", "bias_regularizer"),
            ("b_constraint", "bias_constraint"),
            ("bias", "use_bias"),
        ),
        separable_init,
        convolution_2d_kernel,
    ),
    "SimpleRNN": _recurrent("units"),
    "SpatialDropout1D": Interface(("rate",), (("p", "rate"),)),
    "SpatialDropout2D": _SPATIAL_DROPOUT,
    "SpatialDropout3D": _SPATIAL_DROPOUT,
    "UpSampling1D": Interface(("size",), (("length", "size"),)),
    "UpSampling2D": _formatted(("size",), _FORMAT),
    "UpSampling3D": _formatted(("size",), _FORMAT),
    "ZeroPadding2D": _formatted(("padding",), _FORMAT, zero_padding_sides),
    "ZeroPadding3D": _formatted(("padding",), _FORMAT),
}

ADD_WEIGHT = Interface(("name", "shape"), prepare=(weight_name_and_shape,))

# The methods of models that take generators.
GENERATOR_METHODS = Interface(
    ("generator", "steps_per_epoch", "epochs"),
    (
        ("samples_per_epoch", "steps_per_epoch"),
        ("val_samples", "steps"),
        ("nb_epoch", "epochs"),
        ("nb_val_samples", "validation_steps"),
        ("nb_worker", "workers"),
        ("pickle_safe", "use_multiprocessing"),
        ("max_q_size", "max_queue_size"),
    ),
    prepare=(generator_counts,),
)


def convert_arguments(
    cls: type, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[Sequence[Any], Mapping[str, Any]]:
    """What Keras 2 takes for a call of a built-in layer, or of a subclass of one."""
    for base in cls.__mro__:
        if base.__module__.startswith("kir."):
            interface = INTERFACES.get(base.__name__)
            if interface is None:
                break
            return interface.convert(cls.__name__, args, kwargs)
    return args, kwargs


def converting(
    function: Callable[..., Any], interface: Interface, object_type: str = "class"
) -> Callable[..., Any]:
    """The method, taking the arguments of Keras 1 too.

    Args:
        function: a method; with `object_type` ``'class'`` a constructor.
        interface: how its calls were written.
        object_type: ``'class'`` or ``'method'``: what messages call it by.
    """

    @functools.wraps(function)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        label = type(self).__name__ if object_type == "class" else function.__name__
        args, kwargs = interface.convert(label, args, kwargs)
        return function(self, *args, **kwargs)

    wrapper._original_function = function  # type: ignore[attr-defined]
    return wrapper
