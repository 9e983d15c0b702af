"""The typed intermediate representation and its text form."""

from kir.ir.attributes import Attribute as Attribute
from kir.ir.attributes import Opaque as Opaque
from kir.ir.attributes import Ref as Ref
from kir.ir.attributes import attributes_equal as attributes_equal
from kir.ir.attributes import to_attribute as to_attribute
from kir.ir.graph import Graph as Graph
from kir.ir.graph import Node as Node
from kir.ir.graph import Value as Value
from kir.ir.graph import Weight as Weight
from kir.ir.graph import topological_order as topological_order
from kir.ir.graph import used_weights as used_weights
from kir.ir.ops import OpDef as OpDef
from kir.ir.parser import parse as parse
from kir.ir.printer import print_graph as print_graph
from kir.ir.printer import print_node as print_node
from kir.ir.types import Shape as Shape
from kir.ir.types import TensorType as TensorType
from kir.ir.types import check_dtype as check_dtype
from kir.ir.verifier import verify as verify

__all__ = [
    "Attribute",
    "Graph",
    "Node",
    "OpDef",
    "Opaque",
    "Ref",
    "Shape",
    "TensorType",
    "Value",
    "Weight",
    "attributes_equal",
    "check_dtype",
    "parse",
    "print_graph",
    "print_node",
    "to_attribute",
    "topological_order",
    "used_weights",
    "verify",
]


# A graph prints as its text form. It is set here because the printer is built on the graph's
# module, which therefore cannot import it.
def _text_form(self: Graph) -> str:
    return print_graph(self)


Graph.__str__ = _text_form
