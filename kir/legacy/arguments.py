"""What is more than another name: calls of Keras 1 whose arguments were other ones.

Each function gets the arguments by position (without `self`) and by name, and returns them with
whether it changed something that the warning about the call should show.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kir.errors import ArgumentError, ConfigError
from kir.user_warnings import warn_user

Args = tuple[Any, ...]
Prepared = tuple[Args, dict[str, Any], bool]
Prepare = Callable[[Args, dict[str, Any]], Prepared]


def forget_bias(args: Args, kwargs: dict[str, Any]) -> Prepared:
    """``forget_bias_init='one'`` is `unit_forget_bias=True`."""
    if "forget_bias_init" not in kwargs:
        return args, kwargs, False
    if kwargs.pop("forget_bias_init") == "one":
        kwargs["unit_forget_bias"] = True
        return args, kwargs, True
    warn_user(
        "The argument `forget_bias_init` is ignored. Use unit_forget_bias=True to start the "
        "forget gate's bias at one.",
    )
    return args, kwargs, False


def input_dim_and_length(args: Args, kwargs: dict[str, Any]) -> Prepared:
    """`input_dim` and `input_length` are an `input_shape`."""
    if "input_dim" not in kwargs:
        return args, kwargs, False
    kwargs["input_shape"] = (kwargs.pop("input_length", None), kwargs.pop("input_dim"))
    return args, kwargs, True


def recurrent_input_dim(args: Args, kwargs: dict[str, Any]) -> Prepared:
    """As `input_dim_and_length`, with a word on recurrent layers."""
    args, kwargs, converted = input_dim_and_length(args, kwargs)
    if converted:
        warn_user(
            "The arguments `input_dim` and `input_length` of recurrent layers are deprecated. Use "
            f"input_shape={kwargs['input_shape']} instead.",
        )
    return args, kwargs, converted


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def convolution_2d_kernel(args: Args, kwargs: dict[str, Any]) -> Prepared:
    """``Convolution2D(32, 3, 3)``: rows and columns of the kernel one by one.

    Raises:
        ArgumentError: more than three arguments by position.
        ConfigError: three whole numbers by position together with arguments of Keras 2.
    """
    if len(args) > 3:
        raise ArgumentError(
            f"The layer takes at most 3 positional arguments; got {len(args)}: {args!r}. Give the "
            "others by name."
        )
    kernel: tuple[Any, Any] | None = None
    if len(args) == 3 and all(map(_is_int, args[1:])):
        modern = [name for name in ("padding", "strides", "data_format") if name in kwargs]
        if modern:
            raise ConfigError(
                f"Three whole numbers {args!r} by position are filters, rows and columns as in "
                f"Keras 1, but `{modern[0]}` is an argument of Keras 2. Give kernel_size as a "
                "tuple, and `strides` by name."
            )
        kernel = (args[1], args[2])
    elif len(args) == 2 and _is_int(args[1]) and "nb_col" in kwargs:
        kernel = (args[1], kwargs.pop("nb_col"))
    elif len(args) < 2 and "nb_row" in kwargs and "nb_col" in kwargs:
        kernel = (kwargs.pop("nb_row"), kwargs.pop("nb_col"))
    return _with_kernel(args, kwargs, kernel)


def convolution_3d_kernel(args: Args, kwargs: dict[str, Any]) -> Prepared:
    """``Convolution3D(32, 3, 3, 3)``: the sizes of the kernel one by one.

    Raises:
        ArgumentError: more than four arguments by position.
    """
    if len(args) > 4:
        raise ArgumentError(
            f"The layer takes at most 4 positional arguments; got {len(args)}: {args!r}. Give the "
            "others by name."
        )
    sizes = args[1:]
    # By position come the first sizes, the others by name.
    missing = [f"kernel_dim{i}" for i in range(len(sizes) + 1, 4)]
    kernel = None
    if all(map(_is_int, sizes)) and all(n in kwargs for n in missing):
        kernel = (*sizes, *(kwargs.pop(name) for name in missing))
    return _with_kernel(args, kwargs, kernel)


def _with_kernel(args: Args, kwargs: dict[str, Any], kernel: Any) -> Prepared:
    if kernel is None:
        return args, kwargs, False
    if args:
        return (args[0], kernel), kwargs, True
    return args, {**kwargs, "kernel_size": kernel}, True


def separable_init(args: Args, kwargs: dict[str, Any]) -> Prepared:
    """`init` was of both kernels of a separable convolution."""
    if "init" not in kwargs:
        return args, kwargs, False
    init = kwargs.pop("init")
    kwargs |= {"depthwise_initializer": init, "pointwise_initializer": init}
    return args, kwargs, True


def transposed_output_shape(args: Args, kwargs: dict[str, Any]) -> Prepared:
    """`output_shape` of a transposed convolution follows from the rest now."""
    converted = False
    if len(args) == 4 and isinstance(args[3], tuple):
        args, converted = args[:3], True
    if "output_shape" in kwargs:
        del kwargs["output_shape"]
        converted = True
    return args, kwargs, converted


def zero_padding_sides(args: Args, kwargs: dict[str, Any]) -> Prepared:
    """``padding={'top_pad': 1, ...}``: sides by name."""
    padding = kwargs.get("padding", args[0] if len(args) == 1 else None)
    sides = ("top_pad", "bottom_pad", "left_pad", "right_pad")
    if not isinstance(padding, dict) or not padding.keys() <= set(sides):
        return args, kwargs, False
    top, bottom, left, right = (padding.get(side, 0) for side in sides)
    pairs = ((top, bottom), (left, right))
    warn_user(
        "The argument `padding` of ZeroPadding2D is no dict any more. Update your call to: "
        f"`ZeroPadding2D(padding={pairs})`",
    )
    if "padding" in kwargs:
        return args, {**kwargs, "padding": pairs}, False
    return (pairs,), kwargs, False


def batch_normalization_mode(args: Args, kwargs: dict[str, Any]) -> Prepared:
    """`mode=0` is the only kind of batch normalization that is left.

    Raises:
        ArgumentError: arguments by position, or another mode.
    """
    if args:
        raise ArgumentError(
            f"BatchNormalization takes no positional arguments; got {args!r}. Give them by name, "
            "as their order is another one than in Keras 1."
        )
    if "mode" not in kwargs:
        return args, kwargs, False
    mode = kwargs.pop("mode")
    if mode != 0:
        raise ArgumentError(
            f"BatchNormalization has no `mode` any more; got mode={mode!r}, which cannot be "
            "converted. Only mode=0, normalization of each channel, is left."
        )
    return args, kwargs, True


def embedding_dropout(args: Args, kwargs: dict[str, Any]) -> Prepared:
    """`dropout` of an embedding is a layer of its own now."""
    if "dropout" in kwargs:
        del kwargs["dropout"]
        warn_user(
            "The argument `dropout` of Embedding is ignored. Add a SpatialDropout1D layer behind "
            "the Embedding to the same effect.",
        )
    return args, kwargs, False


def generator_counts(args: Args, kwargs: dict[str, Any]) -> Prepared:
    """Numbers of samples, where Keras 2 counts batches."""
    counts = ("samples_per_epoch", "val_samples", "nb_epoch", "nb_val_samples", "nb_worker")
    if not any(name in kwargs for name in counts):
        return args, kwargs, False
    warn_user(
        "Since Keras 2 an epoch of a generator is counted in batches, not in samples: "
        "`steps_per_epoch` is samples_per_epoch / batch_size, and so are `validation_steps` and "
        "`steps` of nb_val_samples and val_samples."
    )
    generator = kwargs.get("generator", args[0] if args else None)
    size = getattr(generator, "batch_size", None)
    if "samples_per_epoch" in kwargs and size:
        kwargs["samples_per_epoch"] //= size
    return args, kwargs, False


def weight_name_and_shape(args: Args, kwargs: dict[str, Any]) -> Prepared:
    """``add_weight(shape, name)``: the two in the other order."""
    if not args or not isinstance(args[0], tuple | list):
        return args, kwargs, False
    kwargs["shape"], args = args[0], args[1:]
    if args and isinstance(args[0], str):
        kwargs["name"], args = args[0], args[1:]
    return args, kwargs, False


def updates_of_optimizer(args: Args, kwargs: dict[str, Any]) -> Prepared:
    """``get_updates(params, constraints, loss)``, which is ``get_updates(loss, params)`` now."""
    if len(args) == 3:
        kwargs |= {"params": args[0], "loss": args[2]}
        return (), kwargs, False
    if len(args) == 2 and isinstance(args[0], list | tuple) and "loss" in kwargs:
        return (), {**kwargs, "params": args[0]}, False
    return args, kwargs, False
