"""Pictures of models: what Graphviz is told, and what it draws."""

from __future__ import annotations

import inspect
import sys
from xml.etree import ElementTree

import pytest

from kir.errors import ConfigError, DependencyError, DTypeError, MissingProgramError
from kir.layers import (
    LSTM,
    Add,
    Bidirectional,
    Dense,
    Flatten,
    Input,
    TimeDistributed,
)
from kir.models import Model, Sequential
from kir.utils import plot_model
from kir.utils.vis_utils import model_to_dot

SVG = "{http://www.w3.org/2000/svg}"


def small() -> Sequential:
    return Sequential([Dense(8, input_shape=(4,), name="a"), Dense(3, name="b")], name="net")


def lines(model: Model, **settings: object) -> list[str]:
    """Boxes, edges and clusters of a model's description, without the colours."""
    text = model_to_dot(model, **settings).to_string()
    kept = [line.partition(", fillcolor")[0] for line in text.splitlines()]
    return [line for line in kept if line.startswith(('"', "subgraph", "label=", "}"))][:-1]


def test_signatures_are_those_of_keras():
    common = "show_shapes=False, show_layer_names=True, rankdir='TB')"
    for function, wanted in (
        (model_to_dot, f"(model, {common}"),
        (plot_model, f"(model, to_file='model.png', {common}"),
    ):
        parameters = inspect.signature(function).parameters.values()
        plain = [p.replace(annotation=inspect.Parameter.empty) for p in parameters]
        assert str(inspect.Signature(plain)) == wanted


def test_layers_are_boxes_and_tensors_are_edges():
    assert lines(small()) == [
        '"a_input" [label="a_input: InputLayer"',
        '"a" [label="a: Dense"',
        '"b" [label="b: Dense"',
        '"a_input" -> "a";',
        '"a" -> "b";',
    ]


def test_shapes_without_names():
    assert lines(small(), show_shapes=True, show_layer_names=False)[1] == (
        '"a" [label="Dense|{input:|output:}|{{(None, 4)}|{(None, 8)}}"'
    )


def test_shapes_of_several_inputs_and_of_calls_that_differ():
    shared = LSTM(3, name="shared")
    one, other = Input((2, 4), name="one"), Input((5, 4), name="other")
    model = Model([one, other], Add(name="sum")([shared(one), shared(other)]))
    found = "\n".join(lines(model, show_shapes=True))
    assert '"shared: LSTM|{input:|output:}|{{multiple}|{(None, 3)}}"' in found
    assert "{{[(None, 3), (None, 3)]}|{(None, 3)}}" in found
    assert found.count('"shared" [') == 1
    assert found.count('-> "shared"') == 2


def test_sizes_that_numpy_computed_are_plain_numbers():
    model = Sequential([Flatten(input_shape=(4, 5), name="flat"), Dense(2)])
    assert "{{(None, 4, 5)}|{(None, 20)}}" in lines(model, show_shapes=True)[1]


def test_sideways_records_are_turned_back():
    assert '{a: Dense|{input:|output:}|' in model_to_dot(
        small(), show_shapes=True, rankdir="LR"
    ).to_string()  # fmt: skip


def test_nested_models_are_clusters_joined_at_their_ends():
    x, y = Input((4,), name="x"), Input((4,), name="y")
    a, b = Dense(3, name="a")(y), Dense(3, name="b")(y)
    inner = Model(y, [a, b], name="inner")
    first, second = inner(x)
    model = Model(x, [Dense(1, name="on_a")(first), Dense(1, name="on_b")(second)])
    assert lines(model) == [
        '"x" [label="x: InputLayer"',
        "subgraph cluster_1 {",
        'label="inner: Model";',
        '"inner/y" [label="y: InputLayer"',
        '"inner/a" [label="a: Dense"',
        '"inner/b" [label="b: Dense"',
        '"inner/y" -> "inner/a";',
        '"inner/y" -> "inner/b";',
        "}",
        '"on_a" [label="on_a: Dense"',
        '"on_b" [label="on_b: Dense"',
        '"x" -> "inner/y";',
        '"inner/a" -> "on_a";',
        '"inner/b" -> "on_b";',
    ]


def test_wrappers_name_the_layer_inside_and_show_the_model_inside():
    model = Sequential(
        [
            TimeDistributed(small(), input_shape=(5, 4), name="each"),
            Bidirectional(LSTM(2, name="lstm"), name="both"),
        ]
    )
    found = lines(model)
    assert 'label="each(net): TimeDistributed(Sequential)";' in found
    assert '"each/b" -> "both";' in found
    assert '"both" [label="both(lstm): Bidirectional(LSTM)"' in found


def test_a_model_without_shapes_is_a_chain():
    model = Sequential([Dense(3, name="a"), Sequential([Dense(4, name="b")], name="inner")])
    found = lines(model, show_shapes=True)
    assert '"a" -> "inner/b";' in found
    assert '"a" [label="a: Dense|{input:|output:}|{{?}|{?}}"' in found


def test_a_model_with_a_call_of_its_own_is_drawn_once_it_is_built():
    class Own(Model):
        def __init__(self) -> None:
            super().__init__(name="own")
            self.first, self.second = Dense(3, name="first"), Dense(2, name="second")

        def call(self, x):
            return self.second(self.first(x))

    model = Own()
    assert lines(model) == ['"first" [label="first: Dense"', '"second" [label="second: Dense"']
    model.build((None, 4))
    assert lines(model)[2:] == ['"first" -> "second";']
    assert "{{(None, 3)}|{(None, 2)}}" in lines(model, show_shapes=True)[1]


def test_a_layer_may_have_any_name(tmp_path):
    name = 'a:b/{|} <c> "d\\'
    model = Sequential([Dense(3, input_shape=(4,), name=name)], name='outer "')
    plot_model(Sequential([model, Dense(2)]), tmp_path / "net.svg")
    texts = [t.text for t in ElementTree.parse(tmp_path / "net.svg").iter(f"{SVG}text")]
    assert f"{name}: Dense" in [(text or "").replace("\xa0", " ") for text in texts]
    assert 'outer ": Sequential' in texts


def test_picture_shows_every_layer_and_edge(tmp_path):
    plot_model(small(), tmp_path / "net.svg", show_shapes=True)
    groups = [g.get("class") for g in ElementTree.parse(tmp_path / "net.svg").iter(f"{SVG}g")]
    assert (groups.count("node"), groups.count("edge")) == (3, 2)


@pytest.mark.parametrize(
    ("name", "start"),
    [("m.png", b"\x89PNG"), ("m", b"\x89PNG"), ("m.PDF", b"%PDF"), ("m.dot", b"digraph")],
)
def test_the_suffix_says_the_kind_of_picture(tmp_path, name, start):
    plot_model(small(), str(tmp_path / name))
    assert (tmp_path / name).read_bytes().startswith(start)
    assert [p.name for p in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((3,), DTypeError, "Only models can be drawn; got 3"),
        ((small(), "m.xyz"), ConfigError, "draws no 'xyz' files"),
        ((small(), "m.png", False, True, "TD"), ConfigError, "expected one of 'TB', 'LR'"),
        ((small(), "absent/m.png"), FileNotFoundError, "there is no folder"),
    ],
    ids=["no model", "suffix", "rankdir", "folder"],
)
def test_mistakes_are_named(tmp_path, monkeypatch, arguments, error, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        plot_model(*arguments)
    assert not list(tmp_path.iterdir())


def test_without_pydot(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydot", None)
    with pytest.raises(DependencyError, match=r'pip install "kir\[viz\]"'):
        model_to_dot(small())


def test_without_graphviz(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingProgramError, match="apt install graphviz"):
        plot_model(small(), tmp_path / "net.png")
    plot_model(small(), tmp_path / "net.gv")
