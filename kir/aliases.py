"""Lets `import keras`, and every module below it, mean kir.

A finder at the front of `sys.meta_path` answers for the names that Keras 2.2.4 had: ``keras.x.y``
is the module object ``kir.x.y``, so that a class is the same by either path. Nothing is imported
before a program asks for it.

The package itself is the one exception: ``keras`` is an object of its own that bears Keras's name
and looks everything else up in kir, as ``keras.__name__`` has to be 'keras'. So is ``tensorflow``
where a program wants the names of TensorFlow 1: an object in front of the real one.
"""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from kir._importing import AfterImport, AliasFinder, StandIn
from kir._importing import unwrapped as unwrapped
from kir.former_names import install as install_former_names

TENSORFLOW = "tensorflow"

# What Keras 2.2.4 consisted of: itself, and two packages that it shared with TensorFlow.
PACKAGES = {
    "keras": "kir",
    "keras_applications": "kir.applications",
    "keras_preprocessing": "kir.preprocessing",
}
# What programs for TensorFlow 1 import from it beside its own modules.
_CONTRIB = "compiler.tensorflow_1.contrib"
_LEARN = (
    "tensorflow.contrib.learn.python.learn.datasets.mnist",
    "tensorflow.examples.tutorials.mnist.input_data",
)
TENSORFLOW_PACKAGES = {"tensorflow.keras": "kir"}
TENSORFLOW_1_PACKAGES = {
    # The data sets that examples read, and the packages on the way to them.
    **{
        ".".join(parts[:i]): f"{_CONTRIB}.learn"
        for parts in (name.split(".") for name in _LEARN)
        for i in range(len(parts), 1, -1)
        if parts[:i] != ["tensorflow", "contrib"]
    },
    "tensorflow.contrib": _CONTRIB,
}

# Where programs for TensorFlow 1 found functions beside their public places, which are the values.
OLD_HOMES = {
    "framework.graph_util": {
        "convert_variables_to_constants": "graph_util.convert_variables_to_constants"
    },
    "saved_model.builder": {"SavedModelBuilder": "saved_model.builder.SavedModelBuilder"},
    "saved_model.builder_impl": {"SavedModelBuilder": "saved_model.builder.SavedModelBuilder"},
    "saved_model.loader": {"load": "saved_model.loader.load"},
    "saved_model.simple_save": {"simple_save": "saved_model.simple_save"},
    "saved_model.utils": {"build_tensor_info": "saved_model.utils.build_tensor_info"},
    "saved_model.utils_impl": {"build_tensor_info": "saved_model.utils.build_tensor_info"},
}


def tensorflow_1(module: ModuleType) -> ModuleType:
    """TensorFlow with the names of TensorFlow 1: what stands in front of it, or could."""
    shown = sys.modules.get(TENSORFLOW)
    return shown if isinstance(shown, StandIn) else _in_front_of(module)


@functools.cache
def _in_front_of(module: ModuleType) -> ModuleType:
    shown = StandIn(TENSORFLOW, module, _tensorflow_1_name, explains=True)
    shown.__spec__ = module.__spec__
    return shown


def _tensorflow_1_name(name: str) -> Any:
    # Looked up now: with the executor comes NumPy, which an alias alone need not load.
    return importlib.import_module("kir.engine.executor").executor().tensorflow_1_name(name)


def _put_in_front(module: ModuleType) -> None:
    sys.modules[TENSORFLOW] = _in_front_of(module)
    for home, names in OLD_HOMES.items():
        place = importlib.import_module(f"{TENSORFLOW}.python.{home}")
        for name, path in names.items():
            setattr(place, name, _late(path))


def _late(path: str) -> Callable[..., Any]:
    """A function of TensorFlow 1's by its public name, looked up when it is called."""

    def call(*args: Any, **kwargs: Any) -> Any:
        first, *rest = path.split(".")
        return functools.reduce(getattr, rest, _tensorflow_1_name(first))(*args, **kwargs)

    call.__name__ = path.rpartition(".")[2]
    return call


def _explain_keras(alias: str) -> str:
    parent, _, name = alias.rpartition(".")
    return (
        f"No module named {alias!r}: Keras 2.2.4 has no {name!r} in {parent!r}, or kir does not "
        f"offer it. Look at dir({parent}) for what there is."
    )


def _explain_contrib(alias: str) -> str:
    return (
        f"No module named {alias!r}: TensorFlow has no contrib any more. Use the layers and "
        "functions of Keras, or what tf.* offers for it."
    )


def _has_finder(packages: dict[str, str]) -> bool:
    return any(isinstance(f, AliasFinder) and f.packages is packages for f in sys.meta_path)


def install_as_keras(tf1: bool = False, former_names: bool = True) -> None:
    """Makes `import keras` in this process mean kir, with all its submodules.

    Call it before the program's first `import keras`. A Keras that is loaded already loses its
    name; modules that hold it keep it. Calling it again does nothing.

    Args:
        tf1: whether `import tensorflow` gives the names of TensorFlow 1 too, such as `tf.Session`
            and `tf.placeholder`; `tf.keras` is kir then.
        former_names: whether Python, NumPy, SciPy and other libraries offer the names again that
            they have dropped since Keras 2.2.4, such as `np.float` and `scipy.misc.imresize`; see
            `kir.former_names`.
    """
    if former_names:
        install_former_names()
    if not _has_finder(PACKAGES):
        for name in list(sys.modules):
            if name.partition(".")[0] in PACKAGES:
                del sys.modules[name]
        sys.meta_path.insert(0, AliasFinder(PACKAGES, explain=_explain_keras))
    if tf1 and not _has_finder(TENSORFLOW_PACKAGES):
        sys.meta_path[:0] = [
            AliasFinder(TENSORFLOW_PACKAGES, explain=_explain_keras),
            AliasFinder(TENSORFLOW_1_PACKAGES, named=False, explain=_explain_contrib),
            AfterImport({TENSORFLOW: _put_in_front}),
        ]
        if TENSORFLOW in sys.modules:
            _put_in_front(sys.modules[TENSORFLOW])
