"""Plain TensorFlow serves SavedModels."""

import tensorflow as tf
from common import run_all


def run(path, inputs, outputs):
    serve = tf.saved_model.load(str(path / "model")).signatures["serving_default"]
    found = serve(**{name: tf.constant(x) for name, x in inputs.items()})
    return {name: found[name].numpy() for name in outputs}


run_all(run)
