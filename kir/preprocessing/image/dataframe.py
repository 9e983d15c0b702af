"""Batches of transformed images that a table lists."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from kir.errors import ConfigError, DTypeError
from kir.preprocessing.image.directory import FileIterator, image_files, subset_of
from kir.settings import floatx

if TYPE_CHECKING:
    from kir.preprocessing.image.generator import ImageDataGenerator

_CLASS_MODES = ("categorical", "binary", "sparse", "input", "other", None)


class DataFrameIterator(FileIterator):
    """Batches of transformed images from a folder, with labels from the columns of a table.

    The images come in the order of their names, not of the rows.

    Args:
        dataframe: a pandas data frame, or anything that gives a column for its name.
        directory: the folder that holds the images, also in sub-folders.
        image_data_generator: makes the transforms.
        x_col: the column of the file names, relative to `directory`.
        y_col: the column of the classes; for 'other', the column or columns of the targets.
        has_ext: the names have endings such as ``.png``.
        target_size: (height, width) that all images get.
        color_mode: 'grayscale', 'rgb' or 'rgba'.
        classes: the classes in the order of their numbers; all of the column, sorted, if None.
        class_mode: labels: 'categorical' (one-hot), 'binary' (0. and 1.), 'sparse' (numbers),
            'input' (the images themselves), 'other' (the values of `y_col`), or None (no labels).
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
        dataframe: Any,
        directory: Any,
        image_data_generator: ImageDataGenerator,
        x_col: str = "filename",
        y_col: Any = "class",
        has_ext: bool = True,
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
        if not isinstance(x_col, str):
            raise ConfigError(f"x_col is {x_col!r}; it is the name of one column.")
        if class_mode not in _CLASS_MODES:
            raise ConfigError(
                f"class_mode is {class_mode!r}; it is one of {', '.join(map(repr, _CLASS_MODES))}."
            )
        has_classes = class_mode not in ("input", "other", None)
        if classes and not has_classes:
            raise ConfigError(f"With class_mode={class_mode!r} there are no classes to be given.")
        self.directory = directory
        self.class_mode = class_mode
        self.dtype = dtype or floatx()

        names = [str(name) for name in np.asarray(dataframe[x_col])]
        row_of: dict[str, int] = {}
        for row, name in enumerate(names):
            row_of.setdefault(name, row)  # of several rows of a file the first counts
        found = self._listed_files(row_of, has_ext, follow_links)
        self.filenames = list(found)
        rows = np.array(list(found.values()), dtype=np.int64)
        column = np.asarray(dataframe[y_col]) if has_classes else np.zeros(0)
        labels = list(classes) if classes else sorted(set(column.tolist()))
        self.num_classes = len(labels)
        self.class_indices = {label: number for number, label in enumerate(labels)}
        if has_classes:
            self.classes = self._class_numbers(column[rows].tolist())
        elif class_mode == "other":
            self.data = self._targets(dataframe, y_col)[rows]
        self.samples = len(self.filenames)
        of_classes = f" belonging to {self.num_classes} classes" if self.num_classes else ""
        print(f"Found {self.samples} images{of_classes}.")
        super().__init__(self.samples, batch_size, shuffle, seed)

    def _listed_files(
        self, row_of: dict[str, int], has_ext: bool, follow_links: bool
    ) -> dict[str, int]:
        """The files that the table lists, with their rows."""
        files = subset_of(list(image_files(self.directory, follow_links)), self)
        names = files if has_ext else [os.path.splitext(file)[0] for file in files]
        found = {
            file: row_of[name] for file, name in zip(files, names, strict=True) if name in row_of
        }
        if row_of and not found:
            raise ConfigError(
                f"No file below {str(self.directory)!r} is listed in the table, whose first name "
                f"is {next(iter(row_of))!r}. Names are relative to the folder, "
                f"{'with' if has_ext else 'without'} ending (has_ext={has_ext})."
            )
        return found

    def _class_numbers(self, labels: list[Any]) -> np.ndarray:
        unknown = set(labels) - set(self.class_indices)
        if unknown:
            raise ConfigError(
                f"The table holds the class {sorted(unknown, key=str)[0]!r}, which is not among "
                f"the classes {list(self.class_indices)}."
            )
        return np.array([self.class_indices[label] for label in labels], dtype="int32")

    def _targets(self, dataframe: Any, y_col: Any) -> np.ndarray:
        columns = y_col if isinstance(y_col, list | tuple) else [y_col]
        values = [np.asarray(dataframe[column]) for column in columns]
        for column, value in zip(columns, values, strict=True):
            if not np.issubdtype(value.dtype, np.number):
                raise DTypeError(
                    f"Column {column!r} is of type {value.dtype}; class_mode='other' needs numbers."
                )
        return np.stack(values, axis=-1) if isinstance(y_col, list | tuple) else values[0]

    def _labels(self, batch: np.ndarray, index_array: np.ndarray) -> np.ndarray:
        if self.class_mode == "other":
            return self.data[index_array]
        return super()._labels(batch, index_array)
