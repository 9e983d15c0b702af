"""Pickles and copies models, subclasses optimizers, and looks at what Keras keeps inside."""

import copy
import pickle
import threading
import numpy as np
import keras
from keras import backend as K
from keras.engine.topology import Layer, Node
from keras.engine.training import Model as EngineModel
from keras.layers import Dense, Input, BatchNormalization, Dropout, GaussianNoise
from keras.legacy import interfaces
from keras.models import Model, Sequential
from keras.optimizers import Optimizer, SGD

np.random.seed(0)
x, y = np.random.rand(32, 4), np.random.rand(32, 1)


class AccumSGD(Optimizer):
    """SGD that steps down the mean gradient of several batches."""

    def __init__(self, lr=0.01, accum_iters=2, **kwargs):
        super(AccumSGD, self).__init__(**kwargs)
        with K.name_scope(self.__class__.__name__):
            self.iterations = K.variable(0, dtype="int64", name="iterations")
            self.lr = K.variable(lr, name="lr")
            self.accum_iters = K.variable(accum_iters, dtype="int64", name="accum_iters")

    @interfaces.legacy_get_updates_support
    def get_updates(self, loss, params):
        grads = self.get_gradients(loss, params)
        self.updates = [K.update_add(self.iterations, 1)]
        accum_switch = K.cast(
            K.equal(self.iterations % self.accum_iters, self.accum_iters - 1), K.floatx()
        )
        gs = [K.zeros(K.int_shape(p), dtype=K.dtype(p)) for p in params]
        self.weights = [self.iterations] + gs
        for p, g, ag in zip(params, grads, gs):
            total = ag + g
            self.updates.append(K.update(ag, (1 - accum_switch) * total))
            new_p = p - accum_switch * self.lr * total / K.cast(self.accum_iters, K.floatx())
            if getattr(p, "constraint", None) is not None:
                new_p = p.constraint(new_p)
            self.updates.append(K.update(p, new_p))
        return self.updates

    def get_config(self):
        config = {
            "lr": float(K.get_value(self.lr)),
            "accum_iters": int(K.get_value(self.accum_iters)),
        }
        base_config = super(AccumSGD, self).get_config()
        return dict(list(base_config.items()) + list(config.items()))


class Lookahead(object):
    """Adds slow weights to a compiled model by its train function."""

    def __init__(self, k=5, alpha=0.5):
        self.k, self.alpha, self.count = k, alpha, 0

    def inject(self, model):
        if not hasattr(model, "train_function"):
            raise RuntimeError("You must compile your model before using it.")
        model._check_trainable_weights_consistency()
        if model.train_function is None:
            inputs = model._feed_inputs + model._feed_targets + model._feed_sample_weights
            if (
                model._uses_dynamic_learning_phase()
                if hasattr(model, "_uses_dynamic_learning_phase")
                else model.uses_learning_phase
            ):
                inputs += [K.learning_phase()]
            fast_params = model._collected_trainable_weights
            with K.name_scope("training"):
                with K.name_scope(model.optimizer.__class__.__name__):
                    training_updates = model.optimizer.get_updates(
                        params=fast_params, loss=model.total_loss
                    )
                    slow_params = [K.variable(p) for p in fast_params]
                fast_updates = model.updates + training_updates + model.metrics_updates
                slow_updates, copy_updates = [], []
                for p, q in zip(fast_params, slow_params):
                    slow_updates.append(K.update(q, q + self.alpha * (p - q)))
                    copy_updates.append(K.update(p, q))
                fast_train_function = K.function(
                    inputs,
                    [model.total_loss] + model.metrics_tensors,
                    updates=fast_updates,
                    name="fast_train_function",
                )

                def F(inputs):
                    self.count += 1
                    R = fast_train_function(inputs)
                    if self.count % self.k == 0:
                        K.batch_get_value(slow_updates)
                        K.batch_get_value(copy_updates)
                    return R

                model.train_function = F


model = Sequential([Dense(8, activation="relu", input_shape=(4,)), Dropout(0.2), Dense(1)])
model.compile(AccumSGD(0.1), "mse")
assert isinstance(model, EngineModel)
w0 = model.get_weights()
model.train_on_batch(x, y)
assert all((a == b).all() for a, b in zip(w0, model.get_weights()))
model.train_on_batch(x, y)
assert not all((a == b).all() for a, b in zip(w0, model.get_weights()))
print(len(model.optimizer.get_weights()), model.optimizer.get_config())

plain = Sequential([Dense(8, activation="relu", input_shape=(4,)), Dense(1)])
plain.compile("adam", "mse")
lookahead = Lookahead(k=2)
lookahead.inject(plain)
plain.fit(x, y, epochs=2, batch_size=8, verbose=0)
assert lookahead.count == 8

for again in (pickle.loads(pickle.dumps(plain)), copy.deepcopy(plain), copy.copy(plain)):
    np.testing.assert_allclose(again.predict(x), plain.predict(x), rtol=1e-6)

inp = Input((4,))
h = Dense(3, name="hidden")(inp)
assert h._keras_shape == (None, 3) and h._keras_history[0].name == "hidden"
assert h._keras_history[0]._inbound_nodes[0].inbound_layers[0].name == inp._keras_history[0].name
assert not h._uses_learning_phase and GaussianNoise(0.1)(h)._uses_learning_phase
normal = BatchNormalization()
out = Dense(1)(normal(h))
net = Model(inp, out)
assert len(net.updates) == 2 and len(normal.get_updates_for(h)) == 2
assert normal.get_updates_for(None) == []
net.add_update(K.update_add(K.variable(0.0), 1.0))
net.layers[1].name = "renamed"
assert net.get_layer("renamed") is net.layers[1]
net.compile("sgd", "mae", metrics=["mse"])
net._make_train_function()
net._make_test_function()
net._make_predict_function()
loss, metric = net.train_function([x, y, np.ones(32), 1.0])
assert np.isfinite([loss, metric]).all()
print(net.test_function([x, y, np.ones(32), 0.0]), net.predict_function([x, 0.0])[0].shape)
assert len(net.metrics_tensors) == 1 and len(net.targets) == 1 and len(net.sample_weights) == 1
assert (
    K.get_session().run(
        net.total_loss,
        {inp: x, net.targets[0]: y, K.learning_phase(): 0, net.sample_weights[0]: np.ones(32)},
    )
    > 0
)
for w in net.weights:
    assert w.name and w.get_shape().as_list() == list(K.int_shape(w))
graph = K.tf.get_default_graph()
results = []


def predict_in_thread():
    with graph.as_default():
        results.append(net.predict(x))


thread = threading.Thread(target=predict_in_thread)
thread.start()
thread.join()
np.testing.assert_allclose(results[0], net.predict(x), rtol=1e-6)

# Weights drawn anew, the way cross-validation loops did it.
session = K.get_session()
old = net.layers[1].get_weights()[0]
for layer in net.layers:
    if hasattr(layer, "kernel_initializer"):
        layer.kernel.initializer.run(session=session)
net.layers.pop()
