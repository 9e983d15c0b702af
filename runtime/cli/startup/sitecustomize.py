"""Run by Python itself at the start of a process of `kir run`, and of every process it starts.

Python imports the first `sitecustomize` on its path, and `kir run` puts this folder there. So the
script is run by Python as ever: its arguments, its `__main__`, its tracebacks and exit status are
nobody's doing but Python's.
"""

import importlib
import importlib.util
import os
import sys

_FOLDER = os.path.dirname(os.path.abspath(__file__))
_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(_FOLDER)))


def _start() -> None:
    # The path is to be what it is without kir, and another sitecustomize has its turn.
    sys.path[:] = [p for p in sys.path if os.path.abspath(p) != _FOLDER]
    this = sys.modules.pop("sitecustomize")
    try:
        importlib.import_module("sitecustomize")
    except ModuleNotFoundError as error:
        if error.name != "sitecustomize":
            raise
        sys.modules["sitecustomize"] = this  # the import under way ends by looking for it
    if os.environ.get("KIR_PYTHON") != sys.prefix:
        return  # another Python, which the script has started for something else
    found = importlib.util.find_spec("kir")
    if found is None or not os.path.abspath(found.origin or "").startswith(_ROOT + os.sep):
        sys.path.insert(0, _ROOT)  # a checkout that is not installed, or not this one
    from kir.aliases import install_as_keras

    install_as_keras(
        tf1=bool(os.environ.get("KIR_TF1")),
        former_names=not os.environ.get("KIR_NO_FORMER_NAMES"),
    )


try:
    _start()
except Exception as error:
    # Python goes on after a failure here, and the script would meet another Keras.
    sys.stderr.write(f"kir run: cannot start: {type(error).__name__}: {error}\n")
    os._exit(1)
