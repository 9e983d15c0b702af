"""Batches of transformed images from the files of a folder."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator as AnyIterator
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from kir.errors import ConfigError
from kir.preprocessing.image.iterators import IMAGE_FORMATS, Iterator
from kir.preprocessing.image.pictures import img_to_array, load_img
from kir.settings import floatx

if TYPE_CHECKING:
    from kir.preprocessing.image.generator import ImageDataGenerator

T = TypeVar("T")

_CLASS_MODES = ("categorical", "binary", "sparse", "input", None)


class FileIterator(Iterator):
    """What iterators over image files share: reading a batch, and labels by class mode."""

    directory: str
    filenames: list[str]
    classes: np.ndarray
    class_mode: str | None
    num_classes: int
    dtype: Any

    @property
    def filepaths(self) -> list[str]:
        """The files with the folder."""
        return [os.path.join(self.directory, name) for name in self.filenames]

    def _get_batches_of_transformed_samples(self, index_array: np.ndarray) -> Any:
        batch = np.empty((len(index_array), *self.image_shape), dtype=self.dtype)
        for row, index in zip(batch, index_array, strict=True):
            image = load_img(
                os.path.join(self.directory, self.filenames[index]),
                color_mode=self.color_mode,
                target_size=self.target_size,
                interpolation=self.interpolation,
            )
            row[...] = img_to_array(image, data_format=self.data_format, dtype=self.dtype)
        batch = self._transformed(batch)
        self._save(batch, index_array, 10_000_000)
        if self.class_mode is None:
            return batch
        return batch, self._labels(batch, index_array)

    def _labels(self, batch: np.ndarray, index_array: np.ndarray) -> np.ndarray:
        if self.class_mode == "input":
            return batch.copy()
        numbers = self.classes[index_array]
        if self.class_mode == "sparse":
            return numbers
        if self.class_mode == "binary":
            return numbers.astype(self.dtype)
        return np.eye(self.num_classes, dtype=self.dtype)[numbers]


class DirectoryIterator(FileIterator):
    """Batches of transformed images from a folder with one sub-folder a class.

    Args:
        directory: the folder.
        image_data_generator: makes the transforms.
        target_size: (height, width) that all images get.
        color_mode: 'grayscale', 'rgb' or 'rgba'.
        classes: names of the sub-folders, in the order of their numbers; all, sorted, if None.
        class_mode: labels: 'categorical' (one-hot), 'binary' (0. and 1.), 'sparse' (numbers),
            'input' (the images themselves), or None (no labels).
        batch_size: images in a batch.
        shuffle: mix the images anew for each epoch.
        seed: of the shuffling and the transforms.
        data_format: order of the axes; the backend's if None.
        save_to_dir: folder to write the transformed images to, for a look at them.
        save_prefix: how the names of these files begin.
        save_format: 'png', 'jpeg' ...
        follow_links: go into linked folders.
        subset: 'training' or 'validation', with the generator's `validation_split`.
        interpolation: for resizing, see `load_img`.
        dtype: of the batches; the backend's float type if None.

    Reference:
        https://keras.io/preprocessing/image (Keras 2.2.4).
    """

    def __init__(
        self,
        directory: Any,
        image_data_generator: ImageDataGenerator,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: Any = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        dtype: Any = None,
    ) -> None:
        self.common_init(
            image_data_generator,
            target_size,
            color_mode,
            data_format,
            save_to_dir,
            save_prefix,
            save_format,
            subset,
            interpolation,
        )
        if class_mode not in _CLASS_MODES:
            raise unknown_class_mode(class_mode, _CLASS_MODES)
        self.directory = directory
        self.class_mode = class_mode
        self.dtype = dtype or floatx()
        names = sorted(e.name for e in os.scandir(directory) if e.is_dir())
        names = list(classes) if classes else names
        self.num_classes = len(names)
        self.class_indices = {name: number for number, name in enumerate(names)}
        self.filenames = []
        numbers = []
        for name, number in self.class_indices.items():
            folder = os.path.join(directory, name)
            found = subset_of(list(image_files(folder, follow_links)), self)
            self.filenames += [os.path.join(name, file) for file in found]
            numbers += [number] * len(found)
        self.classes = np.array(numbers, dtype="int32")
        self.samples = len(self.filenames)
        print(f"Found {self.samples} images belonging to {self.num_classes} classes.")
        super().__init__(self.samples, batch_size, shuffle, seed)


def unknown_class_mode(class_mode: Any, known: tuple[str | None, ...]) -> ConfigError:
    """The error for a kind of labels that an iterator has not."""
    return ConfigError(
        f"Invalid class_mode: {class_mode!r}; expected one of {', '.join(map(repr, known))}."
    )


def subset_of(files: list[T], iterator: Iterator) -> list[T]:
    """The part of a folder's files that belongs to the iterator's subset.

    The first files are for validation, so that both parts stay the same from run to run.
    """
    if iterator.subset is None:
        return files
    generator = iterator.image_data_generator
    split = int((generator._validation_split if generator is not None else 0) * len(files))
    return files[:split] if iterator.subset == "validation" else files[split:]


def image_files(folder: str, follow_links: bool) -> AnyIterator[str]:
    """The image files below a folder, by their paths from it: folder by folder, sorted."""
    walk = sorted(os.walk(folder, followlinks=follow_links), key=lambda entry: entry[0])
    for root, _, names in walk:
        for name in sorted(names):
            ending = os.path.splitext(name)[1][1:].lower()
            if ending == "tiff":
                warnings.warn(
                    "A 'tiff' file with several bands is distorted when it is read.", stacklevel=4
                )
            if ending in IMAGE_FORMATS:
                yield os.path.relpath(os.path.join(root, name), folder)
