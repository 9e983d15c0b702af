"""What all the networks have in common: arguments, the image's shape, the top, the weights."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kir import backend as K
from kir import layers
from kir.engine.training import Model
from kir.errors import ArgumentError, ConfigError, DownloadError
from kir.utils.data_utils import get_file

Shape = tuple[int | None, ...]

# Keras 2.2.4 keeps its networks in another package, which is given Keras's modules by name.
_MODULES = ("backend", "layers", "models", "utils")

RELEASES = "https://github.com/fchollet/deep-learning-models/releases/download"


@dataclass(frozen=True)
class WeightFile:
    """A file of weights that was published."""

    url: str
    md5: str | None = None
    name: str | None = None
    """Its name in the cache, if that is another than in the address."""

    def fetch(self) -> str:
        """The path of the file, which is downloaded if it is not there.

        Raises:
            DownloadError: it cannot be fetched, or has another hash.
        """
        name = self.name or self.url.rsplit("/", 1)[-1]
        try:
            return get_file(name, self.url, cache_subdir="models", file_hash=self.md5)
        except DownloadError as error:
            raise DownloadError(
                f"{error} These are the weights for weights='imagenet': get {self.url} some other "
                f"way and put it into ~/.keras/models as {name}, or give weights=<its path>."
            ) from error


def no_more(arguments: dict[str, Any], function: str) -> None:
    """Raises `ArgumentError` if keyword arguments are left other than the modules of Keras."""
    for name in arguments:
        if name not in _MODULES:
            raise ArgumentError(f"{function}() got an unexpected keyword argument {name!r}.")


def application(build: Callable[..., Model]) -> Callable[..., Model]:
    """Makes of a builder the public function, which has the signature of Keras 2.2.4's.

    Programs ask for that signature; what the function accepts is in its docstring.
    """

    def network(*args: Any, **kwargs: Any) -> Model:
        return build(*args, **{k: v for k, v in kwargs.items() if k not in _MODULES})

    for attribute in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(network, attribute, getattr(build, attribute))
    return network


def channel_axis() -> int:
    """The axis of the channels, of `image_data_format()`."""
    return 3 if K.image_data_format() == "channels_last" else 1


@contextmanager
def channels_last(network: str) -> Iterator[None]:
    """Builds a network that exists only for 'channels_last', whatever the setting is."""
    if K.image_data_format() == "channels_last":
        yield
        return
    warnings.warn(
        f"{network} is only available for the data format 'channels_last', and is built for that; "
        "set image_data_format='channels_last' in ~/.keras/keras.json.",
        stacklevel=4,
    )
    K.set_image_data_format("channels_last")
    try:
        yield
    finally:
        K.set_image_data_format("channels_first")


def obtain_input_shape(
    input_shape: Any,
    default_size: int,
    min_size: int,
    data_format: str,
    require_flatten: bool,
    weights: Any = None,
) -> Shape:
    """The shape of the images of a network.

    Args:
        input_shape: what the caller asked for; None is the network's own.
        default_size: height and width that the network was made for.
        min_size: the smallest height and width that it can take.
        data_format: 'channels_last' or 'channels_first'.
        require_flatten: whether height and width must be known.
        weights: 'imagenet' asks for 3 channels and, where `require_flatten`, `default_size`.

    Raises:
        ConfigError: the network cannot take such images.
    """
    first = data_format == "channels_first"

    def shape(size: int | None, channels: int | None) -> Shape:
        return (channels, size, size) if first else (size, size, channels)

    published = weights == "imagenet"
    given = None if input_shape is None else tuple(input_shape)
    default = shape(default_size, 3)
    if not published and given and len(given) == 3:
        channels = given[0 if first else -1]
        if channels not in (1, 3):
            warnings.warn(
                "This model usually expects 1 or 3 input channels; it was passed an "
                f"`input_shape` with {channels}.",
                stacklevel=4,
            )
        default = shape(default_size, channels)
    if published and require_flatten:
        if given is not None and given != default:
            raise ConfigError(
                "When setting `include_top=True` and loading `imagenet` weights, `input_shape` "
                f"should be {default}; got {given}."
            )
        return default
    if not given and not require_flatten:
        return shape(None, 3)
    given = given or default
    if len(given) != 3:
        raise ConfigError(f"`input_shape` must be a tuple of three integers; got {given}.")
    if published and given[0 if first else -1] != 3:
        raise ConfigError(f"The input must have 3 channels; got `input_shape={given}`.")
    sizes = given[1:] if first else given[:2]
    if any(size is not None and size < min_size for size in sizes):
        raise ConfigError(
            f"Input size must be at least {min_size}x{min_size}; got `input_shape={given}`."
        )
    if require_flatten and None in given:
        raise ConfigError(
            "If `include_top` is True, you should specify a static `input_shape`; got "
            f"`input_shape={given}`."
        )
    return given


def square_size(input_shape: Any, sizes: Collection[int]) -> int:
    """The size that a MobileNet is made for: the asked one if it was trained for that, or 224."""
    if input_shape is not None and input_shape[0] == input_shape[1] and input_shape[0] in sizes:
        return input_shape[0]
    return 224


def published_shape(
    alpha: float, shape: Shape, alphas: Collection[float], sizes: Collection[int]
) -> Shape:
    """The image's shape of the ImageNet weights for a MobileNet of some width and shape.

    Raises:
        ConfigError: there are no such weights.
    """
    if alpha not in alphas:
        raise ConfigError(
            "If imagenet weights are being loaded, alpha can be one of "
            f"{', '.join(map(str, alphas))} only; got {alpha}."
        )
    if shape[0] is None:
        # Without the top any size will do; the weights are those of the largest.
        return (224, 224, 3)
    if shape[0] != shape[1] or shape[0] not in sizes:
        raise ConfigError(
            "If imagenet weights are being loaded, input must have a static square shape, of "
            f"height and width {', '.join(map(str, sizes))}; got {shape}."
        )
    return shape


def correct_padding(x: Any, kernel: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Padding that makes a strided 'valid' convolution see what 'same' does in other libraries."""

    def pair(size: int | None) -> tuple[int, int]:
        return kernel // 2 - (1 if size is None else 1 - size % 2), kernel // 2

    first = 1 if K.image_data_format() == "channels_last" else 2
    rows, columns = K.int_shape(x)[first : first + 2]
    return pair(rows), pair(columns)


def correct_pad(backend: Any, inputs: Any, kernel_size: Any) -> Any:
    """`correct_padding` as networks outside this package ask for it, with a module that is unused.

    Args:
        backend: `kir.backend`.
        inputs: images.
        kernel_size: of the convolution, in pixels: one number, or a pair of equal ones.
    """
    return correct_padding(inputs, kernel_size if isinstance(kernel_size, int) else kernel_size[0])


@dataclass(frozen=True)
class Request:
    """The arguments that all the networks have, and the parts of a network that follow from them.

    Raises:
        ConfigError: the arguments contradict each other.
    """

    include_top: bool
    weights: Any
    input_tensor: Any
    input_shape: Any
    pooling: str | None
    classes: int

    def __post_init__(self) -> None:
        if self.weights not in (None, "imagenet") and not os.path.exists(self.weights):
            raise ConfigError(
                "The `weights` argument should be either `None` (random initialization), "
                "`imagenet` (pre-training on ImageNet), or the path to the weights file to be "
                f"loaded; there is no file {self.weights!r}."
            )
        if self.weights == "imagenet" and self.include_top and self.classes != 1000:
            raise ConfigError(
                'If using `weights` as `"imagenet"` with `include_top` as true, `classes` should '
                f"be 1000; got {self.classes}."
            )

    def shape(self, default_size: int, min_size: int = 32) -> Shape:
        """The shape of the images."""
        return obtain_input_shape(
            self.input_shape,
            default_size,
            min_size,
            K.image_data_format(),
            self.include_top,
            self.weights,
        )

    @property
    def published_top(self) -> Any:
        """`weights` if they are those of a network with its top, which has one size of image."""
        return self.weights if self.include_top else None

    def image(self, shape: Shape) -> Any:
        """The tensor that the network starts from."""
        if self.input_tensor is None:
            return layers.Input(shape=shape)
        if K.is_keras_tensor(self.input_tensor):
            return self.input_tensor
        return layers.Input(tensor=self.input_tensor, shape=shape)

    def pooled(self, x: Any, avg: str | None = None, max: str | None = None) -> Any:
        """The end of a network without its top: `pooling`, with the names of the two layers."""
        if self.pooling == "avg":
            return layers.GlobalAveragePooling2D(name=avg)(x)
        if self.pooling == "max":
            return layers.GlobalMaxPooling2D(name=max)(x)
        return x

    def classifier(self, x: Any, name: str) -> Any:
        """The probabilities of the classes."""
        return layers.Dense(self.classes, activation="softmax", name=name)(x)

    def top(self, x: Any, name: str = "predictions") -> Any:
        """The end of a network: global average pooling and the classes, or `pooling`."""
        if self.include_top:
            return self.classifier(layers.GlobalAveragePooling2D(name="avg_pool")(x), name)
        return self.pooled(x)

    def model(self, name: str, image: Any, result: Any, files: tuple[WeightFile, ...]) -> Model:
        """The model, with its weights.

        Args:
            name: its name.
            image: what `image` gave.
            result: its output.
            files: the weights of the network with its top, and without.
        """
        inputs = image if self.input_tensor is None else source_inputs(image)
        model = Model(inputs, result, name=name)
        if self.weights == "imagenet":
            model.load_weights(files[0 if self.include_top else 1].fetch())
        elif self.weights is not None:
            model.load_weights(self.weights)
        return model


def source_inputs(tensor: Any) -> list[Any]:
    """The tensors of input layers that a tensor is computed from."""
    found: list[Any] = []
    seen = set()
    waiting = [tensor]
    while waiting:
        tensor = waiting.pop()
        if id(tensor) in seen:
            continue
        seen.add(id(tensor))
        layer, node_index, _ = tensor._keras_history
        node = layer._inbound_nodes[node_index]
        if node.inbound_layers:
            waiting.extend(reversed(node.input_tensors))
        else:
            found.append(tensor)
    return found
