"""Decorators that make functions take the arguments of Keras 1 too, by Keras's names.

Custom layers and optimizers of the Keras 2 era carry them; kir's own classes convert by the table
in `kir.legacy.conversion`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kir.legacy.arguments import updates_of_optimizer
from kir.legacy.conversion import (
    ADD_WEIGHT,
    GENERATOR_METHODS,
    INTERFACES,
    Interface,
    converting,
)

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def generate_legacy_interface(
    allowed_positional_args: Sequence[str] | None = None,
    conversions: Sequence[tuple[str, str]] | None = None,
    preprocessor: Callable[..., Any] | None = None,
    value_conversions: Mapping[str, Mapping[Any, Any]] | None = None,
    object_type: str = "class",
) -> Decorator:
    """A decorator that converts the arguments of a constructor or a method.

    Args:
        allowed_positional_args: the arguments that may be given by position.
        conversions: pairs of an old name and today's.
        preprocessor: gets positional arguments, `self` first, and named ones, and returns both and
            a list of what it converted.
        value_conversions: for arguments by name, today's values by the old ones.
        object_type: ``'class'`` or ``'method'``: how messages name what was called.
    """

    def prepare(
        args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any], bool]:
        assert preprocessor is not None
        given, kwargs, converted = preprocessor([None, *args], kwargs)
        return tuple(given[1:]), kwargs, bool(converted)

    interface = Interface(
        None if allowed_positional_args is None else tuple(allowed_positional_args),
        tuple((old, new) for old, new in conversions or ()),
        dict(value_conversions or {}),
        () if preprocessor is None else (prepare,),
    )

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        return converting(function, interface, object_type)

    return decorate


generate_legacy_method_interface = functools.partial(
    generate_legacy_interface, object_type="method"
)


def _support(interface: Interface, object_type: str = "class") -> Decorator:
    def legacy_support(func: Callable[..., Any]) -> Callable[..., Any]:
        """Lets a constructor or method take the arguments that it had in Keras 1 too.

        Args:
            func: the constructor or method, with the arguments of Keras 2.
        """
        return converting(func, interface, object_type)

    return legacy_support


legacy_batchnorm_support = _support(INTERFACES["BatchNormalization"])
legacy_conv1d_support = _support(INTERFACES["Conv1D"])
legacy_conv2d_support = _support(INTERFACES["Conv2D"])
legacy_conv3d_support = _support(INTERFACES["Conv3D"])
legacy_convlstm2d_support = _support(INTERFACES["ConvLSTM2D"])
legacy_cropping2d_support = _support(INTERFACES["Cropping2D"])
legacy_cropping3d_support = _support(INTERFACES["Cropping3D"])
legacy_deconv2d_support = _support(INTERFACES["Conv2DTranspose"])
legacy_dense_support = _support(INTERFACES["Dense"])
legacy_dropout_support = _support(INTERFACES["Dropout"])
legacy_embedding_support = _support(INTERFACES["Embedding"])
legacy_gaussiandropout_support = _support(INTERFACES["GaussianDropout"])
legacy_gaussiannoise_support = _support(INTERFACES["GaussianNoise"])
legacy_global_pooling_support = _support(INTERFACES["GlobalMaxPooling2D"])
legacy_input_support = _support(INTERFACES["InputLayer"])
legacy_lambda_support = _support(INTERFACES["Lambda"])
legacy_model_constructor_support = _support(INTERFACES["Network"])
legacy_pooling1d_support = _support(INTERFACES["MaxPooling1D"])
legacy_pooling2d_support = _support(INTERFACES["MaxPooling2D"])
legacy_pooling3d_support = _support(INTERFACES["MaxPooling3D"])
legacy_prelu_support = _support(INTERFACES["PReLU"])
legacy_recurrent_support = _support(INTERFACES["LSTM"])
legacy_separable_conv2d_support = _support(INTERFACES["SeparableConv2D"])
legacy_spatialdropout1d_support = _support(INTERFACES["SpatialDropout1D"])
legacy_upsampling1d_support = _support(INTERFACES["UpSampling1D"])
legacy_upsampling2d_support = _support(INTERFACES["UpSampling2D"])
legacy_upsampling3d_support = _support(INTERFACES["UpSampling3D"])
legacy_zeropadding2d_support = _support(INTERFACES["ZeroPadding2D"])
legacy_zeropadding3d_support = _support(INTERFACES["ZeroPadding3D"])
legacy_add_weight_support = _support(ADD_WEIGHT, "method")
legacy_generator_methods_support = _support(GENERATOR_METHODS, "method")
legacy_get_updates_support = _support(Interface(prepare=(updates_of_optimizer,)), "method")
legacy_spatialdropoutNd_support = _support(  # noqa: N816 - Keras's name
    INTERFACES["SpatialDropout2D"]
)
