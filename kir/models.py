"""Models, and reading and writing them."""

from kir._lazy import lazy_names
from kir.engine.cloning import clone_model as clone_model
from kir.engine.input_layer import Input as Input
from kir.engine.input_layer import InputLayer as InputLayer
from kir.engine.saving import load_model as load_model
from kir.engine.saving import model_from_config as model_from_config
from kir.engine.saving import model_from_json as model_from_json
from kir.engine.saving import model_from_yaml as model_from_yaml
from kir.engine.saving import save_model as save_model
from kir.engine.sequential import Sequential as Sequential
from kir.engine.training import Model as Model

# What Keras's module offers because it imports it.
__getattr__ = lazy_names(
    __name__,
    {
        "K": "kir.backend",
        "has_arg": "kir.utils.generic_utils:has_arg",
        "to_list": "kir.utils.generic_utils:to_list",
    },
)
