"""Models, and reading and writing them."""

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
