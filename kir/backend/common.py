"""The module `keras.backend.common`: what the process is set to, for Keras programs."""

from kir.settings import cast_to_floatx as cast_to_floatx
from kir.settings import epsilon as epsilon
from kir.settings import floatx as floatx
from kir.settings import image_data_format as image_data_format
from kir.settings import image_dim_ordering as image_dim_ordering
from kir.settings import normalize_data_format as normalize_data_format
from kir.settings import set_epsilon as set_epsilon
from kir.settings import set_floatx as set_floatx
from kir.settings import set_image_data_format as set_image_data_format
from kir.settings import set_image_dim_ordering as set_image_dim_ordering
