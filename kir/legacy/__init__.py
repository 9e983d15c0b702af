"""What Keras 1 programs say: the names that arguments had, and layers that Keras 2 dropped."""

from kir._lazy import lazy_names

__getattr__ = lazy_names(
    __name__, {"interfaces": "kir.legacy.interfaces", "layers": "kir.legacy.layers"}
)
