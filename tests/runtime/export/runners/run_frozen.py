"""A session of TensorFlow 1 runs frozen graphs."""

import tensorflow as tf
from common import run_all


def run(path, inputs, outputs):
    definition = tf.compat.v1.GraphDef.FromString((path / "model.pb").read_bytes())
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(definition, name="")
        names = {node.name for node in definition.node}
        fetches = [f"{n}_output:0" if f"{n}_output" in names else f"{n}:0" for n in outputs]
        with tf.compat.v1.Session(graph=graph) as session:
            found = session.run(fetches, {f"{n}:0": x for n, x in inputs.items()})
    return dict(zip(outputs, found, strict=True))


run_all(run)
