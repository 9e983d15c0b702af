"""Reading ahead in threads and processes: the order, the errors, and what is left behind."""

import gc
import itertools
import multiprocessing
import os
import random
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from kir.preprocessing.image import ImageDataGenerator
from kir.utils import GeneratorEnqueuer, OrderedEnqueuer, Sequence
from kir.utils.data_utils import (
    SequenceEnqueuer,
    get_index,
    init_pool,
    init_pool_generator,
    next_sample,
)
from tests.processes import ROOT, run_python


class Numbers(Sequence):
    """Numbers; later ones are ready earlier."""

    def __init__(self, length=6, delay=0.02):
        self.length, self.delay, self.epoch = length, delay, 0
        self.values = np.arange(length * 1000.0).reshape(length, 1000)

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        time.sleep(self.delay * (index % 3 == 0))
        return self.epoch, index, self.values[index, 0], np.random.random(), os.getpid()

    def on_epoch_end(self):
        self.epoch += 1


class NoPickleError(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


class Failing(Numbers):
    def __getitem__(self, index):
        if index == 2:
            raise KeyError("boom")
        if index == 4:
            raise NoPickleError(1, 2)
        if index == 5:
            os._exit(3)
        return index


class Hanging(Numbers):
    def __getitem__(self, index):
        if index == 2:
            time.sleep(600)
        return index


@pytest.fixture
def started():
    """Starts enqueuers, and stops them after the test."""
    enqueuers = []

    def start(enqueuer, workers=3, max_queue_size=4):
        enqueuers.append(enqueuer)
        enqueuer.start(workers=workers, max_queue_size=max_queue_size)
        return enqueuer

    yield start
    for enqueuer in enqueuers:
        enqueuer.stop()


def _is_gone(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{process}/stat").read_text().split()[2] == "Z"


@pytest.mark.parametrize("by_processes", [False, True], ids=["threads", "processes"])
def test_the_order_is_kept_and_epochs_follow_each_other(started, by_processes):
    enqueuer = started(OrderedEnqueuer(Numbers(), use_multiprocessing=by_processes))
    got = list(itertools.islice(enqueuer.get(), 14))
    wanted = [(epoch, i) for epoch in range(3) for i in range(6)][:14]
    assert [(epoch, i) for epoch, i, *_ in got] == wanted
    assert [value for _, _, value, *_ in got] == [i * 1000.0 for _, i in wanted]
    workers = {process for *_, process in got}
    assert (os.getpid() in workers) is not by_processes
    enqueuer.stop()
    assert not enqueuer.is_running()
    if by_processes:
        assert all(map(_is_gone, workers))


def test_batches_of_processes_depend_on_the_seed_only(started):
    draws = []
    for workers in (1, 3):
        np.random.seed(7)
        enqueuer = started(OrderedEnqueuer(Numbers(), use_multiprocessing=True), workers=workers)
        draws.append([batch[3] for batch in itertools.islice(enqueuer.get(), 8)])
        enqueuer.stop()
        after = np.random.random()
        np.random.seed(7)
        assert after == np.random.random()  # nothing was drawn here
    assert draws[0] == draws[1]
    assert len(set(draws[0])) == 8


def test_image_iterators_give_the_same_batches_in_processes(started):
    x = np.random.random((10, 6, 6, 3)).astype("float32")
    generator = ImageDataGenerator(rotation_range=20, horizontal_flip=True)
    wanted = generator.flow(x, np.arange(10), batch_size=4, seed=3)
    wanted = [wanted[i] for i in range(3)]
    flow = generator.flow(x, np.arange(10), batch_size=4, seed=3)
    enqueuer = started(OrderedEnqueuer(flow, use_multiprocessing=True), workers=2)
    got = list(itertools.islice(enqueuer.get(), 3))
    for i in range(3):
        np.testing.assert_array_equal(got[i][1], wanted[i][1])
    # Read here, the first batch draws the order of the images before its transforms.
    for i in range(1, 3):
        np.testing.assert_array_equal(got[i][0], wanted[i][0])


def test_batches_are_shuffled_by_epoch(started):
    random.seed(1)
    enqueuer = started(OrderedEnqueuer(Numbers(20, 0), shuffle=True))
    order = [batch[1] for batch in itertools.islice(enqueuer.get(), 40)]
    assert sorted(order[:20]) == sorted(order[20:]) == list(range(20))
    assert order[:20] != order[20:]
    random.seed(1)
    expected = list(range(20))
    random.shuffle(expected)
    assert order[:20] == expected


def test_no_more_is_read_ahead_than_asked_for(started):
    read = []

    class Counting(Numbers):
        def __getitem__(self, index):
            read.append(index)
            return index

    batches = started(OrderedEnqueuer(Counting(50)), max_queue_size=4).get()
    next(batches)
    time.sleep(0.2)
    assert len(read) == 5

    del read[:]
    enqueuer = OrderedEnqueuer(Counting(3))
    enqueuer.most = 6
    batches = started(enqueuer).get()
    assert list(itertools.islice(batches, 6)) == [0, 1, 2] * 2
    time.sleep(0.2)
    assert len(read) == 6
    assert next(batches) == 0, "who asks for more gets it"


@pytest.mark.parametrize("by_processes", [False, True], ids=["threads", "processes"])
def test_an_error_reaches_the_caller_with_the_workers_traceback(started, by_processes):
    enqueuer = started(OrderedEnqueuer(Failing(), by_processes), workers=1, max_queue_size=3)
    batches = enqueuer.get()
    assert [next(batches), next(batches)] == [0, 1]
    with pytest.raises(KeyError, match="boom") as caught:
        next(batches)
    if by_processes:
        assert 'raise KeyError("boom")' in str(caught.value.__cause__)
    else:
        assert caught.traceback[-1].name == "__getitem__"
    assert not enqueuer.is_running()


class OnlyFrom(Failing):
    """From the third batch on."""

    def __init__(self, first):
        super().__init__()
        self.first = first

    def __getitem__(self, index):
        return super().__getitem__(index + self.first)


def test_an_error_that_cannot_be_sent_is_told(started):
    batches = started(OrderedEnqueuer(OnlyFrom(4), True), workers=1, max_queue_size=1).get()
    with pytest.raises(RuntimeError, match="NoPickleError: 1 and 2"):
        next(batches)


def test_the_death_of_a_worker_is_told(started):
    batches = started(OrderedEnqueuer(OnlyFrom(5), True), workers=1, max_queue_size=1).get()
    with pytest.raises(RuntimeError, match="worker process of OrderedEnqueuer died"):
        next(batches)


def test_a_worker_that_hangs_is_ended(started):
    enqueuer = started(OrderedEnqueuer(Hanging(), True), workers=2)
    batches = enqueuer.get()
    assert [next(batches), next(batches)] == [0, 1]
    begin = time.monotonic()
    enqueuer.stop(timeout=0.2)
    assert time.monotonic() - begin < 5
    assert not [p for p in multiprocessing.active_children() if p.is_alive()]


def test_an_error_at_the_end_of_an_epoch_reaches_the_caller(started):
    class BadEnd(Numbers):
        def on_epoch_end(self):
            raise ValueError("at the end")

    batches = started(OrderedEnqueuer(BadEnd(2))).get()
    next(batches)
    with pytest.raises(ValueError, match="at the end"):
        next(batches)


def test_who_forgets_to_stop_leaves_no_threads():
    before = threading.active_count()
    enqueuer = OrderedEnqueuer(Numbers(delay=0))
    enqueuer.start(workers=2)
    next(enqueuer.get())
    del enqueuer
    gc.collect()
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= before


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"workers": 0}, ValueError, "workers is 0"),
        ({"max_queue_size": 0}, ValueError, "max_queue_size is 0"),
    ],
)
def test_numbers_of_workers_are_checked(arguments, error, message):
    with pytest.raises(error, match=message):
        OrderedEnqueuer(Numbers()).start(**arguments)


def test_a_start_that_cannot_be_is_an_error(started):
    with pytest.raises(ValueError, match="its length is 0"):
        OrderedEnqueuer(Numbers(0)).start()
    enqueuer = started(OrderedEnqueuer(Numbers()))
    with pytest.raises(RuntimeError, match="runs already"):
        enqueuer.start()
    with pytest.raises(NotImplementedError):
        SequenceEnqueuer(Numbers()).get()


def test_what_cannot_be_pickled_is_read_by_threads(started):
    class Local(Numbers):
        pass

    with pytest.warns(UserWarning, match=r"by threads.*Local cannot be pickled"):
        enqueuer = started(OrderedEnqueuer(Local(delay=0), use_multiprocessing=True))
    assert next(enqueuer.get())[4] == os.getpid()


def test_a_generator_is_read_in_order_to_its_end(started):
    enqueuer = started(GeneratorEnqueuer(iter([1, None, 2, 3])), workers=4, max_queue_size=2)
    assert list(enqueuer.get()) == [1, 2, 3]
    assert not enqueuer.is_running()


def test_a_generator_is_read_by_one_thread(started):
    def numbers():
        for i in range(30):
            yield i, threading.get_ident()

    with pytest.warns(UserWarning, match="cannot be sent to worker processes"):
        enqueuer = started(GeneratorEnqueuer(numbers(), use_multiprocessing=True), workers=4)
    got = list(enqueuer.get())
    assert [i for i, _ in got] == list(range(30))
    assert len({thread for _, thread in got}) == 1


def test_an_error_of_a_generator_reaches_the_caller(started):
    def failing():
        yield 1
        raise RuntimeError("boom")

    batches = started(GeneratorEnqueuer(failing())).get()
    assert next(batches) == 1
    with pytest.raises(RuntimeError, match="boom") as caught:
        next(batches)
    assert caught.traceback[-1].name == "failing"


def test_a_generator_that_hangs_does_not_keep_stop():
    blocked = threading.Event()

    def hanging():
        yield 1
        blocked.wait(60)

    enqueuer = GeneratorEnqueuer(hanging())
    enqueuer.start()
    assert next(enqueuer.get()) == 1
    begin = time.monotonic()
    enqueuer.stop(timeout=0.1)
    assert time.monotonic() - begin < 5
    blocked.set()


def test_wait_time_is_an_old_option():
    with pytest.warns(UserWarning, match="wait_time"):
        GeneratorEnqueuer(iter([]), wait_time=0.1)


def test_the_functions_of_a_worker_read_what_it_was_given():
    from kir.utils import enqueuers

    before = enqueuers._SHARED_SEQUENCES
    try:
        init_pool({7: [5, 6]})
        assert get_index(7, 1) == 6
        init_pool_generator({8: iter("ab")}, random_seed=3)
        assert next_sample(8) == "a"
        drawn = np.random.random()
        np.random.seed(3)
        assert drawn == np.random.random()
    finally:
        init_pool(before)


PROGRAM = """
import os, warnings
from kir.utils import OrderedEnqueuer, Sequence

class Numbers(Sequence):
    def __len__(self):
        return 4
    def __getitem__(self, index):
        return index, os.getpid()

def main():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        enqueuer = OrderedEnqueuer(Numbers(), use_multiprocessing=True)
        enqueuer.start(workers=2)
        batches = enqueuer.get()
        got = [next(batches) for _ in range(4)]
        enqueuer.stop()
    assert [i for i, _ in got] == [0, 1, 2, 3]
    print("main", os.getpid() in {p for _, p in got}, [str(w.message) for w in caught])
"""


def _run(source, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(source)
    return run_python([program])


def test_a_guarded_program_uses_processes(tmp_path):
    out = _run(PROGRAM + "\nif __name__ == '__main__':\n    main()\n", tmp_path)
    assert out == "main False []\n"


def test_an_unguarded_program_uses_threads(tmp_path):
    out = _run(PROGRAM + "\nmain()\n", tmp_path)
    assert out.startswith("main True")
    assert "has no `if __name__ == '__main__':`" in out


def test_an_interactive_session_uses_threads():
    out = subprocess.run(
        [sys.executable, "-"],
        input=textwrap.dedent(PROGRAM) + "\nmain()\n",
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    assert out.startswith("main True")


def test_a_snapshot_shares_large_arrays(tmp_path):
    from kir.utils import _workers

    numbers = Numbers(30)
    snapshot = _workers.Snapshot(numbers)
    copy = _workers._load(snapshot.path)
    np.testing.assert_array_equal(copy.values, numbers.values)
    assert not copy.values.flags.owndata  # it lies in the file
    copy.values[0, 0] = 5  # and may be written to, by this process alone
    assert _workers._load(snapshot.path).values[0, 0] == 0
    first = snapshot.path
    snapshot.write(numbers)
    assert not os.path.exists(first)
    snapshot.remove()
    assert not os.path.exists(snapshot.path)
