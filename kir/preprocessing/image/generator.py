"""Random transforms and normalization of images, batch by batch."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from kir.errors import ConfigError, ShapeError
from kir.preprocessing.image._packages import load
from kir.preprocessing.image.dataframe import DataFrameIterator
from kir.preprocessing.image.directory import DirectoryIterator
from kir.preprocessing.image.iterators import NumpyArrayIterator, warn_of_channels
from kir.preprocessing.image.pictures import checked_data_format
from kir.preprocessing.image.tables import may_be_left_out
from kir.preprocessing.image.transforms import (
    apply_affine_transform,
    apply_channel_shift,
    brightened,
    checked_pair,
)
from kir.settings import floatx

# What keeps a division by a standard deviation finite.
_EPSILON = 1e-6


class ImageDataGenerator:
    """Makes batches of randomly transformed and normalized images.

    Randomness is NumPy's global random state, drawn from in Keras's order.

    Args:
        featurewise_center: subtract the mean of the data set, channel by channel; needs `fit`.
        samplewise_center: subtract each image's mean.
        featurewise_std_normalization: divide by the data set's standard deviation; needs `fit`.
        samplewise_std_normalization: divide by each image's standard deviation.
        zca_whitening: decorrelate the pixels; needs `fit`.
        zca_epsilon: added to the eigenvalues for that.
        rotation_range: greatest rotation, in degrees.
        width_shift_range: greatest horizontal shift: a fraction of the width (below 1), pixels (a
            number from 1 on, or an integer), or a list of the shifts to choose from.
        height_shift_range: the same, vertically.
        brightness_range: (least, greatest) factor of the brightness.
        shear_range: greatest shear, in degrees.
        zoom_range: (least, greatest) zoom; or a number z for ``(1 - z, 1 + z)``.
        channel_shift_range: greatest number that is added to all values.
        fill_mode: what lies outside the image: 'constant', 'nearest', 'reflect' or 'wrap'.
        cval: value outside for 'constant'.
        horizontal_flip: mirror half of the images left to right.
        vertical_flip: mirror half of the images upside down.
        rescale: factor of all values, before the normalization.
        preprocessing_function: from an image of rank 3 to one of the same shape; called after
            the transforms, before `rescale`.
        data_format: order of the axes; the backend's if None.
        validation_split: fraction of the data that is for validation.
        dtype: of the computation in `fit`; the backend's float type if None. Keras 2.2: the
            batches have the backend's float type all the same.
        interpolation_order: see `order` of `apply_affine_transform`. Came after Keras 2.2.4.

    Reference:
        https://keras.io/preprocessing/image (Keras 2.2.4).

    Example:
        >>> generator = ImageDataGenerator(rotation_range=20, horizontal_flip=True)
        >>> model.fit_generator(generator.flow(x, y, batch_size=32), steps_per_epoch=100)
    """

    def __init__(
        self,
        featurewise_center: bool = False,
        samplewise_center: bool = False,
        featurewise_std_normalization: bool = False,
        samplewise_std_normalization: bool = False,
        zca_whitening: bool = False,
        zca_epsilon: float = 1e-6,
        rotation_range: float = 0,
        width_shift_range: Any = 0.0,
        height_shift_range: Any = 0.0,
        brightness_range: Any = None,
        shear_range: float = 0.0,
        zoom_range: Any = 0.0,
        channel_shift_range: float = 0.0,
        fill_mode: str = "nearest",
        cval: float = 0.0,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        rescale: float | None = None,
        preprocessing_function: Callable[[np.ndarray], np.ndarray] | None = None,
        data_format: str | None = None,
        validation_split: float = 0.0,
        dtype: Any = None,
        interpolation_order: int = 1,
    ) -> None:
        self.featurewise_center = featurewise_center
        self.samplewise_center = samplewise_center
        self.featurewise_std_normalization = featurewise_std_normalization
        self.samplewise_std_normalization = samplewise_std_normalization
        self.zca_whitening = zca_whitening
        self.zca_epsilon = zca_epsilon
        self.rotation_range = rotation_range
        self.width_shift_range = width_shift_range
        self.height_shift_range = height_shift_range
        self.brightness_range = brightness_range
        self.shear_range = shear_range
        self.zoom_range = _zoom_limits(zoom_range)
        self.channel_shift_range = channel_shift_range
        self.fill_mode = fill_mode
        self.cval = cval
        self.horizontal_flip = horizontal_flip
        self.vertical_flip = vertical_flip
        self.rescale = rescale
        self.preprocessing_function = preprocessing_function
        self.dtype = dtype or floatx()
        self.interpolation_order = interpolation_order
        self.data_format = checked_data_format(data_format)
        # Of a batch; an image's axes are one less.
        is_last = self.data_format == "channels_last"
        self.row_axis, self.col_axis, self.channel_axis = (1, 2, 3) if is_last else (2, 3, 1)
        if validation_split and not 0 < validation_split < 1:
            raise ConfigError(
                "`validation_split` must be strictly between 0 and 1. "
                f"Received: {validation_split!r}"
            )
        self._validation_split = validation_split
        if brightness_range is not None:
            checked_pair("brightness_range", brightness_range)
        self.mean: np.ndarray | None = None
        self.std: np.ndarray | None = None
        self.principal_components: np.ndarray | None = None
        self._settle_normalization()

    def _settle_normalization(self) -> None:
        """Turns on what an option needs, and off what it excludes."""
        if self.zca_whitening:
            self._turn("featurewise_center", True, "zca_whitening")
            self._turn("featurewise_std_normalization", False, "zca_whitening")
        if self.featurewise_std_normalization:
            self._turn("featurewise_center", True, "featurewise_std_normalization")
        if self.samplewise_std_normalization:
            self._turn("samplewise_center", True, "samplewise_std_normalization")

    def _turn(self, option: str, wanted: bool, because: str) -> None:
        if getattr(self, option) is not wanted:
            setattr(self, option, wanted)
            change = "needs it on" if wanted else "excludes it"
            warnings.warn(
                f"This ImageDataGenerator specifies `{because}`, which overrides setting of "
                f"`{option}`, as it {change}.",
                stacklevel=4,
            )

    def flow(
        self,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        shuffle: bool = True,
        sample_weight: Any = None,
        seed: int | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
    ) -> NumpyArrayIterator:
        """Batches of images that lie in memory; see `NumpyArrayIterator` for the arguments."""
        return NumpyArrayIterator(
            x,
            y,
            self,
            batch_size=batch_size,
            shuffle=shuffle,
            sample_weight=sample_weight,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            subset=subset,
        )

    def flow_from_directory(
        self,
        directory: Any,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: Any = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
    ) -> DirectoryIterator:
        """Batches from the files of a folder; see `DirectoryIterator` for the arguments."""
        return DirectoryIterator(
            directory,
            self,
            target_size=target_size,
            color_mode=color_mode,
            classes=classes,
            class_mode=class_mode,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            follow_links=follow_links,
            subset=subset,
            interpolation=interpolation,
        )

    @may_be_left_out("directory")
    def flow_from_dataframe(
        self,
        dataframe: Any,
        directory: Any,
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
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        **later: Any,
    ) -> DataFrameIterator:
        """Batches from files that a table lists; see `DataFrameIterator` for the arguments."""
        return DataFrameIterator(
            dataframe,
            directory,
            self,
            x_col=x_col,
            y_col=y_col,
            has_ext=has_ext,
            target_size=target_size,
            color_mode=color_mode,
            classes=classes,
            class_mode=class_mode,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            subset=subset,
            interpolation=interpolation,
            **later,
        )

    def standardize(self, x: np.ndarray) -> np.ndarray:
        """The normalized image: `preprocessing_function`, `rescale`, means, deviations, whitening.

        Args:
            x: an image; it is not changed.
        """
        if self.preprocessing_function:
            x = self.preprocessing_function(x)
        is_float = np.issubdtype(x.dtype, np.floating)
        return self._normalize(x.copy() if is_float else x.astype(self.dtype), None)

    def _normalize(self, x: np.ndarray, sample_axes: tuple[int, ...] | None) -> np.ndarray:
        """Normalizes floats in place; `sample_axes` are those of one sample, None for all."""
        if self.rescale:
            x *= self.rescale
        if self.samplewise_center:
            x -= np.mean(x, axis=sample_axes, keepdims=True)
        if self.samplewise_std_normalization:
            x /= np.std(x, axis=sample_axes, keepdims=True) + _EPSILON
        if self.featurewise_center:
            if self.mean is not None:
                x -= self.mean
            else:
                _warn_of_missing_fit("featurewise_center")
        if self.featurewise_std_normalization:
            if self.std is not None:
                x /= self.std + _EPSILON
            else:
                _warn_of_missing_fit("featurewise_std_normalization")
        if self.zca_whitening:
            if self.principal_components is not None:
                flat = x.reshape(-1, np.prod(x.shape[-3:]))
                x = (flat @ self.principal_components).reshape(x.shape)
            else:
                _warn_of_missing_fit("zca_whitening")
        return x

    def get_random_transform(
        self, img_shape: tuple[int, ...], seed: int | None = None
    ) -> dict[str, Any]:
        """Draws the parameters of a transform; see `apply_transform`.

        Args:
            img_shape: shape of the image.
            seed: of NumPy's random state; it goes on if None.
        """
        if seed is not None:
            np.random.seed(seed)
        theta: float = 0
        if self.rotation_range:
            theta = np.random.uniform(-self.rotation_range, self.rotation_range)
        tx = _random_shift(self.height_shift_range, img_shape[self.row_axis - 1])
        ty = _random_shift(self.width_shift_range, img_shape[self.col_axis - 1])
        shear: float = 0
        if self.shear_range:
            shear = np.random.uniform(-self.shear_range, self.shear_range)
        zx: float = 1
        zy: float = 1
        if self.zoom_range[0] != 1 or self.zoom_range[1] != 1:
            zx, zy = np.random.uniform(self.zoom_range[0], self.zoom_range[1], 2)
        # Drawn even if nothing is flipped: the state of the generator is to be Keras's.
        flip_horizontal = (np.random.random() < 0.5) * self.horizontal_flip
        flip_vertical = (np.random.random() < 0.5) * self.vertical_flip
        channel_shift = None
        if self.channel_shift_range != 0:
            channel_shift = np.random.uniform(-self.channel_shift_range, self.channel_shift_range)
        brightness = None
        if self.brightness_range is not None:
            brightness = np.random.uniform(*checked_pair("brightness_range", self.brightness_range))
        return {
            "theta": theta,
            "tx": tx,
            "ty": ty,
            "shear": shear,
            "zx": zx,
            "zy": zy,
            "flip_horizontal": flip_horizontal,
            "flip_vertical": flip_vertical,
            "channel_shift_intensity": channel_shift,
            "brightness": brightness,
        }

    def apply_transform(self, x: np.ndarray, transform_parameters: dict[str, Any]) -> np.ndarray:
        """Transforms an image.

        Args:
            x: an image of rank 3.
            transform_parameters: any of 'theta', 'tx', 'ty', 'shear', 'zx', 'zy' (see
                `apply_affine_transform`), 'flip_horizontal', 'flip_vertical',
                'channel_shift_intensity' and 'brightness'.
        """
        given = transform_parameters
        x = apply_affine_transform(
            x,
            given.get("theta", 0),
            given.get("tx", 0),
            given.get("ty", 0),
            given.get("shear", 0),
            given.get("zx", 1),
            given.get("zy", 1),
            row_axis=self.row_axis - 1,
            col_axis=self.col_axis - 1,
            channel_axis=self.channel_axis - 1,
            fill_mode=self.fill_mode,
            cval=self.cval,
            order=self.interpolation_order,
        )
        if given.get("channel_shift_intensity") is not None:
            x = apply_channel_shift(x, given["channel_shift_intensity"])
        if given.get("flip_horizontal"):
            x = np.flip(x, self.col_axis - 1)
        if given.get("flip_vertical"):
            x = np.flip(x, self.row_axis - 1)
        if given.get("brightness") is not None:
            x = brightened(x, given["brightness"], self.data_format)
        return x

    def random_transform(self, x: np.ndarray, seed: int | None = None) -> np.ndarray:
        """An image transformed at random.

        Args:
            x: an image of rank 3.
            seed: of NumPy's random state; it goes on if None.
        """
        return self.apply_transform(x, self.get_random_transform(x.shape, seed))

    def transformed_batch(self, images: np.ndarray) -> np.ndarray:
        """A batch's images, each transformed at random and normalized; may change `images`.

        Means, deviations and whitening are computed for the batch as a whole. Image by image,
        with the methods above, if one of them is overridden or a user's function has to see
        each image.
        """
        methods = ("get_random_transform", "apply_transform", "standardize")
        is_own = all(
            getattr(type(self), name) is getattr(ImageDataGenerator, name) for name in methods
        )
        for position, image in enumerate(images):
            changed = self.apply_transform(image, self.get_random_transform(image.shape))
            if not is_own or self.preprocessing_function:
                changed = self.standardize(changed)
            if changed is not image:
                # What overlaps `image` (a flip of it) NumPy copies first.
                images[position] = changed
        if not is_own or self.preprocessing_function:
            return images
        return self._normalize(images, (1, 2, 3))

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Computes the mean, the deviation and the whitening matrix of a data set.

        Needed for `featurewise_center`, `featurewise_std_normalization` and `zca_whitening`.

        Args:
            x: (samples, ...) images; they are not changed.
            augment: compute them for randomly transformed images.
            rounds: how often each image is transformed for that.
            seed: of NumPy's random state; it goes on if None.
        """
        x = np.array(x, dtype=self.dtype)
        if x.ndim != 4:
            raise ShapeError(
                f"Input to `.fit()` should have rank 4. Got array with shape: {x.shape}"
            )
        warn_of_channels(x.shape, self.data_format)
        if seed is not None:
            np.random.seed(seed)
        if augment:
            x = np.stack([self.random_transform(image) for _ in range(rounds) for image in x])
        axes = (0, self.row_axis, self.col_axis)
        if self.featurewise_center:
            mean = np.mean(x, axis=axes, keepdims=True)[0]
            x -= mean
            self.mean = mean
        if self.featurewise_std_normalization:
            std = np.std(x, axis=axes, keepdims=True)[0]
            x /= std + _EPSILON
            self.std = std
        if self.zca_whitening:
            flat = x.reshape(len(x), -1)
            covariance = flat.T @ flat / len(flat)
            # SciPy's decomposition in the images' own type, as in Keras: with fewer images than
            # pixels most values are rounding errors, and another algorithm makes others.
            vectors, values, _ = load("scipy.linalg", "zca_whitening").svd(covariance)
            scale = 1.0 / np.sqrt(values + self.zca_epsilon)
            self.principal_components = (vectors * scale) @ vectors.T


def _zoom_limits(zoom_range: Any) -> list[float]:
    if np.ndim(zoom_range) == 0:
        return [1 - zoom_range, 1 + zoom_range]
    return list(checked_pair("zoom_range", zoom_range, "a float or a "))


def _random_shift(shift_range: Any, size: int) -> float:
    """A shift in pixels, for any form of `width_shift_range`."""
    if np.ndim(shift_range) == 0 and not shift_range:
        return 0
    if np.ndim(shift_range) == 1 or isinstance(shift_range, int | np.integer):
        shift = np.random.choice(shift_range) * np.random.choice([-1, 1])
    else:
        shift = np.random.uniform(-shift_range, shift_range)
    return shift * size if np.max(shift_range) < 1 else shift


def _warn_of_missing_fit(option: str) -> None:
    warnings.warn(
        f"This ImageDataGenerator specifies `{option}`, but it hasn't been fit on any training "
        "data. Fit it first by calling `.fit(numpy_data)`; until then it has no effect.",
        stacklevel=4,
    )
