"""Networks as texts and files: the methods of a model that write and read it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from kir.engine.executor import executor
from kir.errors import ConfigError
from kir.utils.generic_utils import allow_unsafe_code


class NetworkFiles:
    """The part of a network that concerns its texts and files."""

    built: bool
    _is_graph_network: bool

    if TYPE_CHECKING:

        def _label(self) -> str: ...

    def to_json(self: Any, **kwargs: Any) -> str:
        """The architecture as JSON text, the same as Keras 2.2.4's.

        Args:
            **kwargs: passed to `json.dumps`.
        """
        from kir.serde import config

        return config.to_json(self, **kwargs)

    def to_yaml(self: Any, **kwargs: Any) -> str:
        """The architecture as YAML text, the same as Keras 2.2.4's.

        Args:
            **kwargs: passed to `yaml.dump`.
        """
        from kir.serde import config

        return config.to_yaml(self, **kwargs)

    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[[str], Any] | None = None,
    ) -> None:
        """Prints a table of the layers.

        Args:
            line_length: characters in a line.
            positions: where the columns end: fractions of the line, or characters.
            print_fn: gets each line; None is `print`.
        """
        from kir.utils.layer_utils import print_summary

        if not self.built:
            raise ConfigError(
                "This model has never been called, thus its weights have not yet been created, so "
                f"no summary can be displayed: {self._label()} is not built yet. Give the first "
                "layer an input_shape, or call build() or fit() first."
            )
        print_summary(self, line_length=line_length, positions=positions, print_fn=print_fn)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """A model is pickled and copied as the content of its file."""
        if not self._is_graph_network:
            return super().__reduce_ex__(protocol)
        return _unpickled, (executor().hdf5.pickle_model(self),)

    def save(self, filepath: Any, overwrite: bool = True, include_optimizer: bool = True) -> None:
        """Saves architecture, weights and training state to one file.

        Args:
            filepath: path, whose suffix ``.keras`` or ``.kir`` asks for these formats and any other
                for HDF5; or an open `h5py.Group`.
            overwrite: False asks on the terminal before a file is replaced.
            include_optimizer: whether the optimizer's state is saved too.
        """
        from kir.engine.saving import save_model

        save_model(self, filepath, overwrite, include_optimizer)

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Saves the weights to an HDF5 file."""
        from kir.engine.saving import save_weights

        save_weights(self, filepath, overwrite)

    def export(self, path: Any, to: str | None = None, **options: Any) -> None:
        """Writes the model for use without kir.

        Args:
            path: the file or folder to write; it is replaced when the new one is complete.
            to: ``savedmodel``, ``frozen``, ``tflite``, ``onnx``, ``tfjs`` or ``stablehlo``; None
                goes by the suffix (``.pb``, ``.tflite``, ``.onnx``), else it is ``savedmodel``.
            **options: the format's own: `training` (savedmodel, stablehlo), `quantize`,
                `representative` and `select_tf_ops` (tflite), `batch_size` (stablehlo).

        Raises:
            ExportError: the format cannot express a layer; says which, why, and what to do.
            ConfigError: the model is not built, the format is unknown, or an option's value wrong.
            ArgumentError: the format has no such option.
        """
        from kir.engine.saving import export

        export(self, path, to, **options)

    def load_weights(
        self,
        filepath: Any,
        by_name: bool = False,
        skip_mismatch: bool = False,
        reshape: bool = False,
    ) -> Any:
        """Loads weights from an HDF5 file that `save_weights` or `save` of any Keras wrote.

        Args:
            filepath: path of the file.
            by_name: matches layers by name instead of by position.
            skip_mismatch: leaves layers alone whose weights have other shapes (with `by_name`).
            reshape: reshapes weights to fit where the number of elements is the same.

        Returns:
            A report: the weights that matched, were missing, unused, or of another shape. Its
            `require_complete()` raises unless all did match.
        """
        from kir.engine.saving import load_weights

        return load_weights(self, filepath, by_name, skip_mismatch, reshape)


def _unpickled(state: dict[str, bytes]) -> Any:
    # Whoever unpickles runs what the pickle says anyway.
    with allow_unsafe_code():
        return executor().hdf5.unpickle_model(state)
