"""Helpers that Keras programs import: `to_categorical`, `custom_object_scope`, `Progbar` ..."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from kir.utils import generic_utils as generic_utils
from kir.utils import np_utils as np_utils
from kir.utils.generic_utils import CustomObjectScope as CustomObjectScope
from kir.utils.generic_utils import custom_object_scope as custom_object_scope
from kir.utils.generic_utils import deserialize_keras_object as deserialize_keras_object
from kir.utils.generic_utils import get_custom_objects as get_custom_objects
from kir.utils.generic_utils import serialize_keras_object as serialize_keras_object
from kir.utils.np_utils import normalize as normalize
from kir.utils.np_utils import to_categorical as to_categorical

if TYPE_CHECKING:
    from kir.utils.data_utils import GeneratorEnqueuer as GeneratorEnqueuer
    from kir.utils.data_utils import OrderedEnqueuer as OrderedEnqueuer
    from kir.utils.data_utils import Sequence as Sequence
    from kir.utils.data_utils import get_file as get_file
    from kir.utils.io_utils import HDF5Matrix as HDF5Matrix
    from kir.utils.io_utils import h5dict as h5dict
    from kir.utils.layer_utils import convert_all_kernels_in_model as convert_all_kernels_in_model
    from kir.utils.layer_utils import get_source_inputs as get_source_inputs
    from kir.utils.layer_utils import print_summary as print_summary
    from kir.utils.multi_gpu_utils import multi_gpu_model as multi_gpu_model
    from kir.utils.progbar import Progbar as Progbar
    from kir.utils.vis_utils import plot_model as plot_model

# Imported when first asked for, as building a model needs none of them.
_LAZY = {
    "GeneratorEnqueuer": "data_utils",
    "HDF5Matrix": "io_utils",
    "OrderedEnqueuer": "data_utils",
    "Progbar": "progbar",
    "Sequence": "data_utils",
    "convert_all_kernels_in_model": "layer_utils",
    "get_file": "data_utils",
    "get_source_inputs": "layer_utils",
    "h5dict": "io_utils",
    "multi_gpu_model": "multi_gpu_utils",
    "plot_model": "vis_utils",
    "print_summary": "layer_utils",
}
_LAZY_MODULES = (
    "conv_utils",
    "data_utils",
    "io_utils",
    "layer_utils",
    "multi_gpu_utils",
    "vis_utils",
)

__all__ = [
    "CustomObjectScope",
    "GeneratorEnqueuer",
    "HDF5Matrix",
    "OrderedEnqueuer",
    "Progbar",
    "Sequence",
    "convert_all_kernels_in_model",
    "custom_object_scope",
    "deserialize_keras_object",
    "generic_utils",
    "get_custom_objects",
    "get_file",
    "get_source_inputs",
    "h5dict",
    "multi_gpu_model",
    "normalize",
    "np_utils",
    "plot_model",
    "print_summary",
    "serialize_keras_object",
    "to_categorical",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY_MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.{_LAZY[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
