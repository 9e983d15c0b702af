"""Layers of which only the traced calls are known: a user's, from one of kir's own files.

The graph holds what each call computes, as a region of ops; the class that wrote it is not needed.
Such a layer has the user's weights and the name of the user's class, and a call of it records the
region's ops again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from kir import constraints, initializers, regularizers
from kir.engine.base_layer import Layer
from kir.engine.names import name_scope
from kir.engine.permitted_ops import check_op
from kir.engine.region_replay import RegionReplay, sublayers_of
from kir.engine.tensor import executing
from kir.engine.variable import Variable
from kir.errors import ConfigError, UnsupportedError
from kir.ir.graph import Graph, Node, Weight, used_weights
from kir.utils.generic_utils import to_list


class TracedLayer(Layer):
    """A layer made from its calls in a graph.

    Args:
        calls: the nodes of its calls, in the order in which they were made; each has a region.
        name, trainable: as of every layer.
    """

    is_traced = True
    _given_config: Mapping[str, Any]

    def __init__(self, calls: Sequence[Node], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._calls = list(calls)
        self._given_config = {k: v for k, v in calls[0].attributes.items() if k != "trainable"}
        self._variables: dict[Weight, Variable] = {}
        for region in self._regions():
            for node in region.walk():
                if node.op.startswith(("k.", "tf.")):
                    check_op(node, self._label())
        with name_scope(self.name):
            self._sublayers = sublayers_of(self._regions(), self._variables, self._label())
            for weight in self._file_weights():
                if weight not in self._variables:
                    self._variables[weight] = self._add(weight)
        own = [self._variables[w] for w in calls[0].weights]
        foreign = [v for w, v in self._variables.items() if w not in set(calls[0].weights)]
        flags = {self._variables[w]: w.trainable for w in calls[0].weights}
        self._trainable_weights = [v for v in own if flags[v]]
        # What a function takes from outside, such as `K.variable`s, is kept but not trained.
        self._non_trainable_weights = [v for v in own if v not in self._trainable_weights]
        self._non_trainable_weights += foreign
        self.built = True

    def _regions(self) -> list[Graph]:
        return [call.region for call in self._calls if call.region is not None]

    def _file_weights(self) -> list[Weight]:
        found = dict.fromkeys(w for call in self._calls for w in used_weights(call))
        for region in self._regions():
            found |= dict.fromkeys(w for node in region.walk() for w in used_weights(node))
        return list(found)

    def _add(self, weight: Weight) -> Variable:
        settings = weight.settings()
        name = weight.name.partition("/")[2] or weight.name
        start = settings.get("initializer")
        return self.add_weight(
            name.partition(":")[0],
            weight.type.shape or (),
            dtype=weight.type.dtype,
            initializer=initializers.get(start) if isinstance(start, dict) else "zeros",
            regularizer=regularizers.get(_known(settings.get("regularizer"))),
            constraint=constraints.get(_known(settings.get("constraint"))),
            trainable=weight.trainable,
        )

    # -- calls

    def call(self, inputs: Any, **kwargs: Any) -> Any:
        """Records what the call computed; of keyword arguments only `mask` matters.

        Raises:
            UnsupportedError: the inputs are tensors of TensorFlow's.
        """
        if executing():
            raise UnsupportedError(
                f"{self._label()} is known by its traced calls only, so it cannot be called on "
                "tensors of TensorFlow. Pass its class in `custom_objects` when loading the file."
            )
        given = to_list(inputs)
        call = self._call_for(given)
        assert call.region is not None
        masks = [m for m in to_list(kwargs.get("mask")) if m is not None]
        outputs = RegionReplay(self._sublayers, self._variables).run(call.region, [*given, *masks])
        attributes = call.region.attributes
        public = attributes.get("output_count", len(outputs))
        for index in attributes.get("losses", ()):
            self.add_loss(outputs[index], inputs)
        found = outputs[:public]
        return found if public > 1 else found[0]

    def _call_for(self, given: Sequence[Any]) -> Node:
        """The traced call whose operands these are: that of the same number, or the first."""
        number = len(self._inbound_nodes)
        candidates = [*self._calls[number : number + 1], *self._calls]
        for call in candidates:
            if len(call.inputs) == len(given) and all(
                v.type.accepts(x.type) for v, x in zip(call.inputs, given, strict=True)
            ):
                return call
        types = ", ".join(str(x.type) for x in given)
        raise ConfigError(
            f"{self._label()} is known by its traced calls only, and none is on ({types}). Pass "
            "its class in `custom_objects` when loading the file."
        )

    def _declares_shape(self) -> bool:
        return True

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shapes that the traced call had."""
        shapes = input_shape if isinstance(input_shape, list) else [input_shape]
        number = len(self._inbound_nodes)
        for call in [*self._calls[number : number + 1], *self._calls]:
            if len(call.inputs) == len(shapes):
                public = call.region.attributes.get("output_count") if call.region else None
                found = [v.type.shape for v in call.outputs[:public]]
                return found if len(found) > 1 else found[0]
        return super().compute_output_shape(input_shape)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Each result's mask: that of one of the inputs, or none."""
        call = self._call_for(to_list(inputs))
        assert call.region is not None
        masks = to_list(mask)
        sources = call.region.attributes.get("masks", ())
        if any(source == -1 for source in sources):
            raise ConfigError(
                f"{self._label()} computes a mask of its own, which the file does not hold. Pass "
                "its class in `custom_objects`."
            )
        found = [None if s is None else masks[s] for s in sources]
        return found if len(found) > 1 else (found[0] if found else None)

    # -- configuration

    def get_config(self) -> dict[str, Any]:
        """What the user's class wrote."""
        config: dict[str, Any] = {"name": self.name, "trainable": self.trainable}
        return {**config, **self._given_config}


class MaskedTracedLayer(TracedLayer):
    """A layer made from calls that read the masks of their inputs."""

    def call(self, inputs: Any, mask: Any = None, **kwargs: Any) -> Any:
        """See `TracedLayer.call`."""
        return super().call(inputs, mask=mask, **kwargs)


class TracedClasses:
    """Classes for a user's layers, made as a graph names them.

    Attributes:
        by_name: the classes by the names that configs give them.
    """

    _made: ClassVar[dict[tuple[str, bool], type[TracedLayer]]] = {}

    def __init__(self) -> None:
        self.by_name: dict[str, type[TracedLayer]] = {}

    def name_of(self, class_name: str, reads_masks: bool) -> str:
        """The name for a config, of a class with the user's class's name."""
        key = (class_name, reads_masks)
        if key not in self._made:
            base = MaskedTracedLayer if reads_masks else TracedLayer
            # The module makes it a user's class, which is not lowered by its name.
            members = {"__module__": "user", "__doc__": f"A traced {class_name} of a user."}
            made: Any = type(class_name, (base,), members)
            self._made[key] = made
        name = f"user.{class_name}" + (" (masked)" if reads_masks else "")
        self.by_name[name] = self._made[key]
        return name


def _known(setting: Any) -> Any:
    return setting if isinstance(setting, dict) else None
