"""Names of 2018 that Python and its libraries have dropped since, for programs of that time.

`kir run` and `install_as_keras` put them back, unless told not to: `np.float`, `np.object`,
`scipy.misc.imresize`, `collections.Iterable`, `inspect.getargspec`, `Image.ANTIALIAS`,
`sklearn.cross_validation` ... A name that a library has is never touched, with a few exceptions:
functions that take again what they took, and NumPy's way to print a scalar (`0.5`, not
`np.float32(0.5)`). Functions of which the meaning changed (`re.split`, `np.array` of lists that
differ in length) mean what they meant where the program itself calls them; libraries get today's.

Nothing is imported for it: a library gets its names when the program imports it.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import sys
from types import ModuleType

from kir._importing import AfterImport, AliasFinder

# Who adds the names of a module: the function `add_<module>` of a module beside this one.
ADDITIONS = {
    "standard_library": (
        "base64",
        "cgi",
        "collections",
        "fractions",
        "html.parser",
        "inspect",
        "json",
        "os",
        "random",
        "re",
        "threading",
        "time",
    ),
    "numpy_names": ("numpy",),
    "scipy_names": (
        "scipy",
        "scipy.integrate",
        "scipy.linalg",
        "scipy.ndimage",
        "scipy.signal",
    ),
    "pandas_names": ("pandas",),
    "pillow_names": ("PIL", "PIL.Image", "PIL.ImageDraw", "PIL.ImageFont"),
    "library_names": (
        "matplotlib.axes",
        "matplotlib.axis",
        "matplotlib.backends.backend_agg",
        "matplotlib.cm",
        "matplotlib.figure",
        "matplotlib.style",
        "sklearn.preprocessing",
    ),
}
# Modules that are gone, and what offers their names.
MODULES = {
    "scipy.misc": "kir.former_names.scipy_misc",
    "sklearn.cross_validation": "kir.former_names.sklearn_cross_validation",
    "sklearn.datasets.samples_generator": "sklearn.datasets",
    "sklearn.externals.joblib": "joblib",
    "sklearn.externals.six": "six",
    "sklearn.grid_search": "sklearn.model_selection",
    "xml.etree.cElementTree": "xml.etree.ElementTree",
}


def _add(library: str, module: ModuleType) -> None:
    adding = importlib.import_module(f"kir.former_names.{library}")
    # What a later release of a library no longer has is not to stop its import.
    with contextlib.suppress(AttributeError):
        getattr(adding, "add_" + module.__name__.replace(".", "_").lower())(module)


@functools.cache
def install() -> None:
    """Offers the names, in modules that are loaded and in those that will be; once."""
    actions = {
        name: functools.partial(_add, library)
        for library, names in ADDITIONS.items()
        for name in names
    }
    sys.meta_path[:0] = [AliasFinder(MODULES, named=False), AfterImport(actions)]
    for name, action in actions.items():
        if name in sys.modules:
            action(sys.modules[name])
