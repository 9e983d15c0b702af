"""Iterators over batches of transformed images, and the one over images in memory."""

from __future__ import annotations

import os
import threading
import warnings
from abc import abstractmethod
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np

from kir.errors import ConfigError, ShapeError
from kir.preprocessing.image.pictures import (
    COLOR_MODES,
    array_to_img,
    checked_color_mode,
    checked_data_format,
)
from kir.settings import floatx
from kir.utils.data_utils import Sequence

if TYPE_CHECKING:
    from kir.preprocessing.image.generator import ImageDataGenerator

SUBSETS = ("training", "validation")
IMAGE_FORMATS = ("bmp", "jpeg", "jpg", "png", "ppm", "tif", "tiff")


class Iterator(Sequence):
    """Base class of the iterators over image data: which samples are in which batch.

    It may be read by batch number, from several threads or processes, or with `next`, forever.

    Args:
        n: number of samples.
        batch_size: samples in a batch; the last of an epoch may have fewer.
        shuffle: mix the samples anew for each epoch.
        seed: of the shuffling and the transforms; NumPy's random state goes on if None.

    Reference:
        https://keras.io/preprocessing/image (Keras 2.2.4).
    """

    image_data_generator: ImageDataGenerator | None
    data_format: str
    target_size: tuple[int, int]
    color_mode: str
    image_shape: tuple[int, ...]
    save_to_dir: str | None
    save_prefix: str
    save_format: str
    subset: str | None
    interpolation: str

    def __init__(self, n: int, batch_size: int, shuffle: bool, seed: int | None) -> None:
        self.n = n
        self.batch_size = batch_size
        self.seed = seed
        self.shuffle = shuffle
        self.batch_index = 0
        self.total_batches_seen = 0
        self.index_array: np.ndarray | None = None
        self.lock = threading.Lock()
        self.index_generator = self._flow_index()

    def __getstate__(self) -> dict[str, Any]:
        # All processes must have the same order, so it is settled before it is sent to them.
        if self.index_array is None:
            if self.seed is not None:
                np.random.seed(self.seed + self.total_batches_seen)
            self._set_index_array()
        # Neither a lock nor a running generator can be sent.
        return {k: v for k, v in vars(self).items() if k not in ("lock", "index_generator")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.lock = threading.Lock()
        self.index_generator = self._flow_index()

    def common_init(
        self,
        image_data_generator: ImageDataGenerator | None,
        target_size: tuple[int, int],
        color_mode: str,
        data_format: str | None,
        save_to_dir: str | None,
        save_prefix: str,
        save_format: str,
        subset: str | None,
        interpolation: str,
    ) -> None:
        """Sets what the iterators over image files have in common; see `DirectoryIterator`."""
        self.image_data_generator = image_data_generator
        self.target_size = (target_size[0], target_size[1])
        self.color_mode = checked_color_mode(color_mode)
        self.data_format = checked_data_format(data_format)
        _, channels = COLOR_MODES[color_mode]
        is_last = self.data_format == "channels_last"
        self.image_shape = (
            (*self.target_size, channels) if is_last else (channels, *self.target_size)
        )
        self.save_to_dir = save_to_dir
        self.save_prefix = save_prefix
        self.save_format = save_format
        self.interpolation = interpolation
        self.subset = subset
        if subset is not None:
            _check_subset(subset)

    def _set_index_array(self) -> None:
        self.index_array = np.random.permutation(self.n) if self.shuffle else np.arange(self.n)

    def __getitem__(self, idx: int) -> Any:
        """The batch number `idx` of this epoch."""
        if not 0 <= idx < len(self):
            raise ConfigError(
                f"Asked to retrieve element {idx}, but the Sequence has length {len(self)}: there "
                f"is no batch {idx}."
            )
        with self.lock:
            if self.seed is not None:
                np.random.seed(self.seed + self.total_batches_seen)
            self.total_batches_seen += 1
            if self.index_array is None:
                self._set_index_array()
            assert self.index_array is not None
            first = idx * self.batch_size
            index_array = self.index_array[first : first + self.batch_size]
        return self._get_batches_of_transformed_samples(index_array)

    def __len__(self) -> int:
        """Batches in an epoch."""
        return -(-self.n // self.batch_size)

    def on_epoch_end(self) -> None:
        """Mixes the samples anew, if they are shuffled."""
        self._set_index_array()

    def reset(self) -> None:
        """Goes back to the first batch."""
        self.batch_index = 0

    def _flow_index(self) -> Generator[np.ndarray, None, None]:
        """The sample numbers of one batch after the other, epoch after epoch."""
        self.reset()
        while True:
            if self.n == 0:
                raise ConfigError("There is no batch: no image was found.")
            if self.seed is not None:
                np.random.seed(self.seed + self.total_batches_seen)
            if self.batch_index == 0 or self.index_array is None:
                self._set_index_array()
            assert self.index_array is not None
            first = (self.batch_index * self.batch_size) % self.n
            is_last = first + self.batch_size >= self.n
            self.batch_index = 0 if is_last else self.batch_index + 1
            self.total_batches_seen += 1
            yield self.index_array[first : first + self.batch_size]

    def __iter__(self) -> Any:
        """Itself, as it goes on forever."""
        return self

    def __next__(self, *args: Any, **kwargs: Any) -> Any:
        return self.next(*args, **kwargs)

    def next(self) -> Any:
        """The next batch."""
        # Only the choice of samples is locked, so that threads transform at the same time.
        with self.lock:
            index_array = next(self.index_generator)
        return self._get_batches_of_transformed_samples(index_array)

    @abstractmethod
    def _get_batches_of_transformed_samples(self, index_array: np.ndarray) -> Any:
        """The batch of these samples."""
        raise NotImplementedError(
            f"{type(self).__name__} does not override _get_batches_of_transformed_samples."
        )

    def _transformed(self, batch: np.ndarray) -> np.ndarray:
        """The images of a batch as the generator makes them; may change `batch`."""
        generator = self.image_data_generator
        return batch if generator is None else generator.transformed_batch(batch)

    def _save(self, batch: np.ndarray, index_array: np.ndarray, tags: int) -> None:
        """Writes a batch's images to `save_to_dir`, if that is set."""
        if not self.save_to_dir:
            return
        for image, index in zip(batch, index_array, strict=True):
            name = f"{self.save_prefix}_{index}_{np.random.randint(tags)}.{self.save_format}"
            picture = array_to_img(image, self.data_format, scale=True)
            picture.save(os.path.join(self.save_to_dir, name))


class NumpyArrayIterator(Iterator):
    """Batches of transformed images that lie in memory.

    Args:
        x: (samples, ...) images of rank 3; or a pair of them and an array (or a list of arrays)
            that goes with them unchanged.
        y: (samples, ...) labels, or None.
        image_data_generator: makes the transforms.
        batch_size: samples in a batch.
        shuffle: mix the samples anew for each epoch.
        sample_weight: (samples,) or None.
        seed: of the shuffling and the transforms.
        data_format: order of the axes; the backend's if None.
        save_to_dir: folder to write the transformed images to, for a look at them.
        save_prefix: how the names of these files begin.
        save_format: 'png', 'jpeg' ...
        subset: 'training' or 'validation', with the generator's `validation_split`.
        dtype: of the images; the backend's float type if None.

    Reference:
        https://keras.io/preprocessing/image (Keras 2.2.4).
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        image_data_generator: ImageDataGenerator,
        batch_size: int = 32,
        shuffle: bool = False,
        sample_weight: Any = None,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        dtype: Any = None,
    ) -> None:
        self.dtype = dtype or floatx()
        self.data_format = checked_data_format(data_format)
        misc: list[Any] = []
        if isinstance(x, tuple | list):
            x, rest = x
            misc = [np.asarray(xx) for xx in (rest if isinstance(rest, list) else [rest])]
        _check_lengths(x, misc, y, sample_weight)
        if subset is not None:
            _check_subset(subset)
            split = int(len(x) * image_data_generator._validation_split)
            part = slice(split) if subset == "validation" else slice(split, None)
            x, misc = x[part], [xx[part] for xx in misc]
            y = None if y is None else y[part]
            # Keras 2.2: the weights are not split, so that they go with the wrong samples.
            sample_weight = None if sample_weight is None else sample_weight[part]
        self.x = np.asarray(x, dtype=self.dtype)
        self.x_misc = misc
        if self.x.ndim != 4:
            raise ShapeError(
                "Input data in `NumpyArrayIterator` should have rank 4, (samples, height, width, "
                "channels) or with the channels second. You passed an array with shape "
                f"{self.x.shape}."
            )
        warn_of_channels(self.x.shape, self.data_format)
        self.y = None if y is None else np.asarray(y)
        self.sample_weight = None if sample_weight is None else np.asarray(sample_weight)
        self.image_data_generator = image_data_generator
        self.save_to_dir = save_to_dir
        self.save_prefix = save_prefix
        self.save_format = save_format
        super().__init__(len(self.x), batch_size, shuffle, seed)

    def _get_batches_of_transformed_samples(self, index_array: np.ndarray) -> Any:
        batch = self._transformed(self.x[index_array])
        self._save(batch, index_array, 10_000)
        x = [batch, *(xx[index_array] for xx in self.x_misc)] if self.x_misc else batch
        if self.y is None:
            return x
        if self.sample_weight is None:
            return x, self.y[index_array]
        return x, self.y[index_array], self.sample_weight[index_array]


def _check_subset(subset: str) -> None:
    if subset not in SUBSETS:
        raise ConfigError(f"Invalid subset name: {subset!r}; expected 'training' or 'validation'.")


def _check_lengths(x: Any, misc: list[Any], y: Any, sample_weight: Any) -> None:
    """Raises an error where what goes with the images is not as long as they are."""
    for position, other in enumerate(misc, start=1):
        if len(other) != len(x):
            raise ConfigError(
                "All of the arrays in `x` should have the same length. Found a pair with: "
                f"len(x[0]) = {len(x)}, len(x[{position}]) = {len(other)}."
            )
    for name, title, other in [
        ("y", "`y` (labels)", y),
        ("sample_weight", "`sample_weight`", sample_weight),
    ]:
        if other is not None and len(other) != len(x):
            raise ConfigError(
                f"`x` (images tensor) and {title} should have the same length. Found: "
                f"x.shape = {np.shape(x)}, {name}.shape = {np.shape(other)}."
            )


def warn_of_channels(shape: tuple[int, ...], data_format: str) -> None:
    """Warns if the axis of the channels looks like another one."""
    axis = 3 if data_format == "channels_last" else 1
    channels = shape[axis]
    if channels not in {1, 3, 4}:
        warnings.warn(
            f"The images have shape {shape} and, as data_format is {data_format!r}, {channels} "
            f"channels; expected either 1, 3, or 4 channels on axis {axis}.",
            stacklevel=4,
        )
