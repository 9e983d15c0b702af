"""Batches of transformed images that a table lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kir.errors import ConfigError, DTypeError
from kir.preprocessing.image.directory import FileIterator, subset_of, unknown_class_mode
from kir.preprocessing.image.tables import (
    labels_of,
    may_be_left_out,
    number_columns,
    raw_columns,
    rows_by_file,
    rows_in_order,
    values_of,
)
from kir.settings import floatx

if TYPE_CHECKING:
    from kir.preprocessing.image.generator import ImageDataGenerator

_CLASS_MODES = (
    "categorical",
    "binary",
    "sparse",
    "input",
    "other",
    "raw",
    "multi_output",
    None,
)
# Those that came after Keras 2.2.4, and those whose labels are classes.
_LATER_MODES = ("raw", "multi_output")
_CLASSIFYING = ("categorical", "binary", "sparse")


class DataFrameIterator(FileIterator):
    """Batches of transformed images from a folder, with labels from the columns of a table.

    Keras 2.2: the images come in the order of their names, not of the rows. In later versions they
    came in the order of the rows; so they do here where an argument or class mode is given that
    only those versions knew, lists of classes, or no folder.

    Args:
        dataframe: a pandas data frame, or anything that gives a column for its name.
        directory: the folder that holds the images, also in sub-folders; None if the names are
            whole paths.
        image_data_generator: makes the transforms; None for none.
        x_col: the column of the file names, relative to `directory`.
        y_col: the column of the classes; for 'other', the column or columns of the targets.
        has_ext: the names have endings such as ``.png``.
        target_size: (height, width) that all images get.
        color_mode: 'grayscale', 'rgb' or 'rgba'.
        classes: the classes in the order of their numbers; all of the column, sorted, if None.
        class_mode: labels: 'categorical' (one-hot), 'binary' (0. and 1.), 'sparse' (numbers),
            'input' (the images themselves), 'other' (the numbers of `y_col`), or None (no
            labels). Later versions also knew 'raw' (the values of `y_col`) and 'multi_output' (a
            list, the values of each column of `y_col`).
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
        weight_col: the column of the samples' weights. A later argument, as those below.
        validate_filenames: leave out, with a warning, names that are no image files.
        drop_duplicates: use only the first row of each file.
        sort: take the rows in the order of the files' names.

    Raises:
        ConfigError: an unknown option, or no file of the table is in the folder.
        DTypeError: a column holds something else than `class_mode` needs.

    Reference:
        https://keras.io/preprocessing/image (Keras 2.2.4).
    """

    @may_be_left_out("directory", "image_data_generator")
    def __init__(
        self,
        dataframe: Any,
        directory: Any,
        image_data_generator: ImageDataGenerator | None,
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
        *,
        weight_col: str | None = None,
        validate_filenames: bool | None = None,
        drop_duplicates: bool | None = None,
        sort: bool | None = None,
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
            raise unknown_class_mode(class_mode, _CLASS_MODES)
        if classes and class_mode not in _CLASSIFYING:
            raise ConfigError(f"With class_mode={class_mode!r} there are no classes to be given.")
        self.directory = directory or ""
        self.class_mode = class_mode
        self.dtype = dtype or floatx()

        names = [str(name) for name in values_of(dataframe, x_col)]
        labels: list[list[Any]] = []
        if class_mode in _CLASSIFYING:
            labels = [labels_of(value) for value in values_of(dataframe, y_col)]
        later = (weight_col, validate_filenames, drop_duplicates, sort)
        if (
            directory is None
            or class_mode in _LATER_MODES
            or any(argument is not None for argument in later)
            or any(len(row) != 1 for row in labels)
        ):
            found = rows_in_order(
                names, directory, validate_filenames is not False, bool(drop_duplicates)
            )
            if sort:
                found.sort()
            if classes and labels:
                found = [(name, row) for name, row in found if set(labels[row]) & set(classes)]
                labels = [[label for label in row if label in classes] for row in labels]
            counted = [labels[row] for _, row in found] if labels else []
            found = subset_of(found, self)
        else:
            found = rows_by_file(names, directory, has_ext, follow_links, self)
            counted = labels
        self.filenames = [name for name, _ in found]
        rows = np.array([row for _, row in found], dtype=np.int64)
        ordered = list(classes) if classes else sorted({label for row in counted for label in row})
        self.num_classes = len(ordered)
        self.class_indices = {label: number for number, label in enumerate(ordered)}
        self._read_targets(dataframe, y_col, rows, labels)
        self.weights: np.ndarray | None = None
        if weight_col is not None:
            self.weights = number_columns(dataframe, weight_col, "weight_col")[rows]
        self.samples = len(self.filenames)
        of_classes = f" belonging to {self.num_classes} classes" if self.num_classes else ""
        print(f"Found {self.samples} images{of_classes}.")
        super().__init__(self.samples, batch_size, shuffle, seed)

    def _read_targets(
        self, dataframe: Any, y_col: Any, rows: np.ndarray, labels: list[list[Any]]
    ) -> None:
        """Sets what `_labels` looks the samples' labels up in, by the rows of the table."""
        if self.class_mode in _CLASSIFYING:
            numbers = [self._class_numbers(labels[row]) for row in rows]
            if any(len(n) != 1 for n in numbers):
                if self.class_mode != "categorical":
                    raise DTypeError(
                        f"Column {y_col!r} holds lists of classes; class_mode={self.class_mode!r} "
                        "needs one class a row."
                    )
                self.classes = numbers  # type: ignore[assignment]
            else:
                self.classes = np.array([n for (n,) in numbers], dtype="int32")
        elif self.class_mode == "other":
            self.data = number_columns(dataframe, y_col, "class_mode='other'")[rows]
        elif self.class_mode == "raw":
            self.data = raw_columns(dataframe, y_col)[rows]
        elif self.class_mode == "multi_output":
            if not isinstance(y_col, list | tuple):
                raise DTypeError(
                    f"class_mode='multi_output' needs a list of columns as y_col; got {y_col!r}."
                )
            self.data = [np.array(values_of(dataframe, column))[rows] for column in y_col]

    def _class_numbers(self, labels: list[Any]) -> list[int]:
        unknown = [label for label in labels if label not in self.class_indices]
        if unknown:
            raise ConfigError(
                f"The table holds the class {unknown[0]!r}, which is not among "
                f"the classes {list(self.class_indices)}."
            )
        return [self.class_indices[label] for label in labels]

    def _labels(self, batch: np.ndarray, index_array: np.ndarray) -> Any:
        if self.class_mode in ("other", "raw"):
            return self.data[index_array]
        if self.class_mode == "multi_output":
            return [column[index_array] for column in self.data]
        if self.class_mode == "categorical" and isinstance(self.classes, list):
            several = np.zeros((len(index_array), self.num_classes), self.dtype)
            for row, index in zip(several, index_array, strict=True):
                row[self.classes[index]] = 1
            return several
        return super()._labels(batch, index_array)

    def _get_batches_of_transformed_samples(self, index_array: np.ndarray) -> Any:
        batch = super()._get_batches_of_transformed_samples(index_array)
        if self.weights is None:
            return batch
        x_and_y = batch if isinstance(batch, tuple) else (batch,)
        return (*x_and_y, self.weights[index_array])
