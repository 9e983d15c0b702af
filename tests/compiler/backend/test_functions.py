"""`K.function`, `K.eval`, sessions, updates and gradients."""

import numpy as np
import pytest

from kir import backend as K
from kir.errors import ArgumentError, ShapeError, StateError

pytestmark = pytest.mark.tf


@pytest.fixture(autouse=True)
def session():
    K.clear_session()


def test_updates_are_computed_from_old_values():
    a, b = K.variable(1.0), K.variable(10.0)
    x = K.placeholder(())
    f = K.function([x], [a + b], updates=[(a, b + x), K.update_add(b, a)])
    assert f([5.0]) == [11.0]
    assert K.batch_get_value([a, b]) == [15.0, 11.0]
    assert f([0.0]) == [26.0]
    assert K.batch_get_value([a, b]) == [11.0, 26.0]


def test_the_learning_phase_may_be_left_out():
    x = K.placeholder((None,))
    f = K.function([x, K.learning_phase()], [K.in_train_phase(x * 2, x)])
    assert f([np.ones(1)]) == f([np.ones(1), 0]) == [[1.0]]
    assert f([np.ones(1), 1]) == [[2.0]]
    with pytest.raises(ArgumentError, match="takes 2 inputs; got 0"):
        f([])


def test_inputs_that_nothing_needs_may_be_left_out_at_the_end():
    x, y = K.placeholder((None,)), K.placeholder((None,))
    f = K.function([x, y, K.learning_phase()], [x * 2])
    assert f([np.ones(1)])[0].tolist() == [2.0]
    with pytest.raises(ArgumentError, match="takes 2 inputs; got 1"):
        K.function([x, y], [x * y])([np.ones(1)])


def test_floating_limits_make_a_floating_range():
    assert K.eval(K.arange(0.0, 5, 2.0)).tolist() == [0.0, 2.0, 4.0]
    assert K.dtype(K.arange(3.0)) == "float32"


def test_one_trace_serves_every_batch_size():
    x = K.placeholder((None, 2))
    f = K.function([x], [x * 2])
    for n in (1, 3, 7):
        assert f([np.ones((n, 2))])[0].shape == (n, 2)
    assert f._run.trace_count == 1


def test_the_same_graph_is_compiled_once():
    x = K.placeholder((None, 2))
    y = x * 2
    first, second = K.function([x], [y]), K.function([x], [y])
    first([np.ones((1, 2))])
    second([np.ones((1, 2))])
    assert second._run.trace_count == 1


def test_evaluating_again_traces_no_more_than_once():
    y = K.exp(K.variable(0.0)) + K.random_uniform((), seed=3)
    values = {float(K.eval(y)) for _ in range(4)}
    assert len(values) == 4
    (program,) = y._compiled_functions.values()
    assert program.trace_count == 1


def test_graphs_of_one_structure_share_a_program():
    def slope(at, factor=3):
        x = K.variable(at)
        (grad,) = K.gradients(K.map_fn(lambda e: e**factor, x), [x])
        value = K.eval(grad)
        (program,) = grad._compiled_functions.values()
        return value.tolist(), program.trace_count

    assert slope([1.0, 2.0]) == ([3.0, 12.0], 1)
    assert slope([3.0, 4.0]) == ([27.0, 48.0], 0)
    assert slope([3.0, 4.0], factor=2) == ([6.0, 8.0], 1)
    assert slope([3.0]) == ([27.0], 1)


def test_a_seed_repeats_the_draws_of_tensorflow_1():
    x = K.random_uniform((2,), seed=1)
    again = K.random_uniform((2,), seed=1)
    np.testing.assert_array_equal(K.eval(x), K.eval(again))
    assert not np.array_equal(K.eval(x), K.eval(again * 0))


def test_the_learning_phase_is_fed_or_false():
    x = K.placeholder((None,))
    y = K.in_train_phase(lambda: x * 0, x)
    fed = K.function([x, K.learning_phase()], [y])
    assert fed([[2.0], 1]) == [0.0]
    assert fed([[2.0], 0]) == [2.0]
    assert fed([[2.0], True]) == [0.0]
    assert K.function([x], [y])([[2.0]]) == [2.0]


def test_any_tensor_can_be_fed():
    x = K.placeholder((None,))
    h = K.exp(x)
    y = h + 1
    assert K.function([h], [y])([[2.0]]) == [3.0]
    assert K.get_session().run({"a": [y, None]}, feed_dict={h: [4.0]})["a"][0] == [5.0]


def test_feed_dict_and_fetches_of_a_function():
    x, extra, v = K.placeholder(()), K.placeholder(()), K.variable(1.0)
    f = K.function([x], [x + extra], feed_dict={extra: 2.0}, fetches=[K.update(v, x)])
    assert f([3.0]) == [5.0]
    assert K.get_value(v) == 3.0


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda f, y: f([]), ArgumentError, "takes 1 inputs; got 0"),
        (lambda f, y: f([np.ones((2, 3))]), ShapeError, r"f32\[\?,2\]; got .* \(2, 3\)"),
        (lambda f, y: K.eval(y), StateError, "which is no input of this function"),
    ],
)
def test_wrong_feeds_are_explained(call, error, message):
    x = K.placeholder((None, 2))
    y = x * 2
    f = K.function([x], [y])
    with pytest.raises(error, match=message):
        call(f, y)


def test_gradients_of_gradients_and_loops():
    x = K.variable([1.0, 2.0])
    (first,) = K.gradients(K.sum(x**3), [x])
    (second,) = K.gradients(first, [x])
    assert K.eval(second).tolist() == [6.0, 12.0]
    w = K.variable(np.eye(2) * 2)
    _, y, _ = K.rnn(
        lambda a, s: (K.dot(s[0], w) + a, [K.dot(s[0], w)]), K.ones((1, 3, 2)), [K.ones((1, 2))]
    )
    (grad,) = K.gradients(K.sum(y), [w])
    # s_t = 2^t, so d/dw_ii of s_1 + s_2 + s_3 is 1 + 2 * 2 + 3 * 4; off the diagonal too.
    np.testing.assert_allclose(K.eval(grad), np.full((2, 2), 17.0))


def test_gradients_of_computed_tensors_are_refused():
    from compiler.tensorflow import tf

    with pytest.raises(StateError, match=r"nothing remembers"):
        K.gradients(tf.constant(1.0), [tf.constant(1.0)])


def test_a_lazy_switch_computes_one_branch():
    x = K.placeholder(())
    y = K.switch(x > 0, lambda: K.log(x), lambda: [K.zeros_like(x)][0])
    (grad,) = K.gradients(y, [x])
    f = K.function([x], [y, grad])
    assert f([1.0]) == [0.0, 1.0]
    assert f([0.0]) == [0.0, 0.0]


def test_moving_averages_forget_their_first_value():
    v = K.variable([100.0])
    update = K.moving_average_update(v, K.constant([2.0]), 0.9)
    K.get_session().run(update)
    np.testing.assert_allclose(K.get_value(v), [2.0], rtol=1e-6)


def test_sparse_placeholders_take_scipys_matrices():
    sparse = pytest.importorskip("scipy.sparse")
    x = K.placeholder((None, 3), sparse=True)
    w = K.variable(np.arange(6.0).reshape(3, 2))
    f = K.function([x], [K.dot(x, w), K.to_dense(x)])
    product, dense = f([sparse.csr_matrix(np.eye(3)[[2, 0]])])
    assert product.tolist() == [[4.0, 5.0], [0.0, 1.0]]
    assert dense.tolist() == [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    constant = K.variable(sparse.coo_matrix(np.eye(2)))
    assert K.is_sparse(constant)
    assert K.eval(constant).tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_variables_work_in_tensorflows_functions():
    from compiler.tensorflow import tf

    v = K.variable([[1.0, 2.0]])
    assert K.eval(tf.matmul(v, tf.ones((2, 1)))).tolist() == [[3.0]]
    assert K.eval(tf.ones((1, 2)) * v).tolist() == [[1.0, 2.0]]


def test_floats_of_other_sizes():
    v = K.variable([[2.0]], dtype="float64")
    assert K.eval(K.sqrt(K.dot(v, v)) / 3).dtype == np.float64
    h = K.variable([[2.0]], dtype="float16")
    assert K.eval(K.relu(h, alpha=0.1, max_value=1.5, threshold=0.5)).dtype == np.float16


def test_a_session_takes_over_a_config():
    from compiler.tensorflow import tf

    config = tf.compat.v1.ConfigProto(allow_soft_placement=True)
    K.set_session(tf.compat.v1.Session(config=config))
    assert K.get_session().run(K.constant(1.0)) == 1.0


@pytest.mark.parametrize(
    ("options", "wanted"), [({}, [0, 1]), ({"merge_repeated": False}, [0, 0, 1])]
)
def test_a_beam_search_may_keep_repeated_labels(options, wanted):
    steps = np.array([[[0.9, 0.05, 0.05], [0.05, 0.05, 0.9], [0.9, 0.05, 0.05], [0.0, 1.0, 0.0]]])
    probabilities, lengths = K.placeholder((None, None, 3)), K.placeholder((None,), dtype="int64")
    paths, _ = K.ctc_decode(probabilities, lengths, greedy=False, beam_width=1, **options)
    assert K.function([probabilities, lengths], paths)([steps, [4]])[0].tolist() == [wanted]
