"""Images: reading and writing them, transforming them, and batches of transformed images."""

from __future__ import annotations

from kir.preprocessing.image.dataframe import DataFrameIterator as DataFrameIterator
from kir.preprocessing.image.directory import DirectoryIterator as DirectoryIterator
from kir.preprocessing.image.generator import ImageDataGenerator as ImageDataGenerator
from kir.preprocessing.image.iterators import Iterator as Iterator
from kir.preprocessing.image.iterators import NumpyArrayIterator as NumpyArrayIterator
from kir.preprocessing.image.pictures import array_to_img as array_to_img
from kir.preprocessing.image.pictures import img_to_array as img_to_array
from kir.preprocessing.image.pictures import list_pictures as list_pictures
from kir.preprocessing.image.pictures import load_img as load_img
from kir.preprocessing.image.pictures import save_img as save_img
from kir.preprocessing.image.transforms import apply_affine_transform as apply_affine_transform
from kir.preprocessing.image.transforms import apply_brightness_shift as apply_brightness_shift
from kir.preprocessing.image.transforms import apply_channel_shift as apply_channel_shift
from kir.preprocessing.image.transforms import flip_axis as flip_axis
from kir.preprocessing.image.transforms import random_brightness as random_brightness
from kir.preprocessing.image.transforms import random_channel_shift as random_channel_shift
from kir.preprocessing.image.transforms import random_rotation as random_rotation
from kir.preprocessing.image.transforms import random_shear as random_shear
from kir.preprocessing.image.transforms import random_shift as random_shift
from kir.preprocessing.image.transforms import random_zoom as random_zoom
from kir.preprocessing.image.transforms import (
    transform_matrix_offset_center as transform_matrix_offset_center,
)

__all__ = [
    "DataFrameIterator",
    "DirectoryIterator",
    "ImageDataGenerator",
    "Iterator",
    "NumpyArrayIterator",
    "apply_affine_transform",
    "apply_brightness_shift",
    "apply_channel_shift",
    "array_to_img",
    "flip_axis",
    "img_to_array",
    "list_pictures",
    "load_img",
    "random_brightness",
    "random_channel_shift",
    "random_rotation",
    "random_shear",
    "random_shift",
    "random_zoom",
    "save_img",
    "transform_matrix_offset_center",
]
