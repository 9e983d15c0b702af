"""Models and weights in HDF5 files, in the layout of Keras 2.2.4."""

from runtime.hdf5.conversion import preprocess_weights_for_loading as preprocess_weights_for_loading
from runtime.hdf5.layout import load_attributes_from_hdf5_group as load_attributes_from_hdf5_group
from runtime.hdf5.layout import save_attributes_to_hdf5_group as save_attributes_to_hdf5_group
from runtime.hdf5.model import holds_weights_only as holds_weights_only
from runtime.hdf5.model import load_model as load_model
from runtime.hdf5.model import pickle_model as pickle_model
from runtime.hdf5.model import read_config as read_config
from runtime.hdf5.model import save_model as save_model
from runtime.hdf5.model import unpickle_model as unpickle_model
from runtime.hdf5.weights import load_weights as load_weights
from runtime.hdf5.weights import load_weights_from_hdf5_group as load_weights_from_hdf5_group
from runtime.hdf5.weights import (
    load_weights_from_hdf5_group_by_name as load_weights_from_hdf5_group_by_name,
)
from runtime.hdf5.weights import save_weights as save_weights
from runtime.hdf5.weights import save_weights_to_hdf5_group as save_weights_to_hdf5_group

__all__ = [
    "holds_weights_only",
    "load_attributes_from_hdf5_group",
    "load_model",
    "load_weights",
    "load_weights_from_hdf5_group",
    "load_weights_from_hdf5_group_by_name",
    "pickle_model",
    "preprocess_weights_for_loading",
    "read_config",
    "save_attributes_to_hdf5_group",
    "save_model",
    "save_weights",
    "save_weights_to_hdf5_group",
    "unpickle_model",
]
