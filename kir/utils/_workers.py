"""Threads and processes that read batches; how a sequence gets to a process.

Processes are started afresh, not forked: a fork of a process in which TensorFlow's threads run
hangs sooner or later. What they read comes to them through a file, which they map into their
memory, so that the arrays of a large data set exist once however many workers there are.
"""

from __future__ import annotations

import ast
import mmap
import multiprocessing
import os
import pickle
import queue
import random
import shutil
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any, Protocol

import numpy as np

from kir.errors import StateError

# Seconds that a worker process gets to end by itself.
_GRACE = 2.0
_ALIGNMENT = 64


class Workers(Protocol):
    """What runs tasks: threads or processes."""

    def submit(self, task: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Runs a task as soon as a worker is free."""
        ...

    def stop(self, timeout: float | None) -> None:
        """Ends the workers; waits so many seconds for each that is busy."""
        ...


class Threads:
    """Daemon threads: one that hangs in a user's code does not keep the program from ending."""

    def __init__(self, count: int) -> None:
        self._tasks: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=_work, args=(self._tasks,), name=f"kir-{i}", daemon=True)
            for i in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, task: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """See `Workers`."""
        future: Future[Any] = Future()
        self._tasks.put((future, task, arguments))
        return future

    def stop(self, timeout: float | None) -> None:
        """See `Workers`."""
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout)


def _work(tasks: queue.SimpleQueue[Any]) -> None:
    while (entry := tasks.get()) is not None:
        future, task, arguments = entry
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(task(*arguments))
            except BaseException as error:
                future.set_exception(error)
        del entry, future  # or the batch would live until the next task comes


class Processes:
    """Worker processes, started without a fork of this one."""

    def __init__(self, count: int) -> None:
        methods = multiprocessing.get_all_start_methods()
        method = "forkserver" if "forkserver" in methods else "spawn"
        self._pool = ProcessPoolExecutor(count, multiprocessing.get_context(method))

    def submit(self, task: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """See `Workers`."""
        return self._pool.submit(task, *arguments)

    def stop(self, timeout: float | None) -> None:
        """See `Workers`; a process that is still busy then is terminated."""
        # The pool itself can only wait, and so would hang with a worker that hangs.
        processes = list((self._pool._processes or {}).values())
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.join(_GRACE if timeout is None else timeout)
        for process in processes:
            if process.is_alive():
                process.terminate()
                process.join(_GRACE)
            if process.is_alive():
                process.kill()
                process.join()


class Snapshot:
    """A sequence written to a file, from which worker processes read it."""

    def __init__(self, sequence: Any) -> None:
        self._folder = tempfile.mkdtemp(prefix="kir-sequence-")
        self._version = 0
        self.path = ""
        # The workers' random states follow from this process's, without drawing from it.
        state = np.random.RandomState()
        state.set_state(np.random.get_state())
        self.seed = int(state.randint(2**31))
        try:
            self.write(sequence)
        except BaseException:
            self.remove()
            raise

    def write(self, sequence: Any) -> None:
        """Writes a new state of the sequence; tasks that are submitted from now on read it."""
        before, self._version = self.path, self._version + 1
        self.path = os.path.join(self._folder, f"{self._version}.pickle")
        buffers: list[pickle.PickleBuffer] = []
        content = pickle.dumps(sequence, protocol=5, buffer_callback=buffers.append)
        arrays = [buffer.raw() for buffer in buffers]
        with open(self.path, "wb") as file:
            pickle.dump((content, [array.nbytes for array in arrays]), file)
            for array in arrays:
                file.write(bytes(-file.tell() % _ALIGNMENT))
                file.write(array)
        if before:
            os.unlink(before)

    def remove(self) -> None:
        """Removes the file."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _load(path: str) -> Any:
    with open(path, "rb") as file:
        content, sizes = pickle.load(file)
        position = file.tell()
        # Copied page by page, if the sequence writes to its arrays.
        memory = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
    buffers = []
    for size in sizes:
        position += -position % _ALIGNMENT
        buffers.append(memory[position : position + size])
        position += size
    return pickle.loads(content, buffers=buffers)


# In a worker process: the file that was read last, and its sequence.
_READ: tuple[str, Any] = ("", None)


def read_batch(path: str, seed: int, index: int, number: int) -> Any:
    """In a worker process: the batch `index` of the sequence that `Snapshot` wrote.

    Args:
        path: the file.
        seed: from which the random states of all batches follow.
        index: the batch.
        number: how many batches were asked for before this one.
    """
    global _READ
    try:
        if _READ[0] != path:
            _READ = (path, _load(path))
        sequence = _READ[1]
        np.random.seed([seed, number])
        random.seed(f"{seed}-{number}")
        if hasattr(sequence, "total_batches_seen"):
            # An image iterator's own seed counts the batches of all workers.
            sequence.total_batches_seen = number
        return sequence[index]
    except Exception as error:
        if _survives_pickling(error):
            raise
        text = "".join(traceback.format_exception(error))
        raise StateError(f"A worker process raised an error:\n{text}") from None


def _survives_pickling(error: Exception) -> bool:
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # whatever a user's class does when it is pickled
        return False
    return True


def why_not_processes(sequence: Any) -> str | None:
    """What keeps new processes from reading the sequence; None if nothing is known to.

    A new process first runs the program's main file, under another name.
    """
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    file = getattr(spec, "origin", None) or getattr(main, "__file__", None)
    if file is None or not os.path.isfile(file):
        if type(sequence).__module__ == "__main__":
            return "a class of an interactive session does not exist in another process."
        return None
    # `python -m package` runs package/__main__.py, which is left out.
    is_left_out = spec is not None and spec.name.rpartition(".")[2] == "__main__"
    if not is_left_out and _runs_when_imported(file):
        return f"{file} has no `if __name__ == '__main__':`, so each of them would run all of it."
    keras = sys.modules.get("keras")
    if keras is not None and getattr(keras, "__file__", None) == sys.modules["kir"].__file__:
        return "in other processes `import keras` would not mean kir."
    return None


def _runs_when_imported(file: str) -> bool:
    """Whether a program does not ask whether it is the main one."""
    try:
        with open(file, encoding="utf8") as source:
            statements = ast.parse(source.read()).body
    except (OSError, ValueError, SyntaxError):
        return False
    tests = (s.test for s in statements if isinstance(s, ast.If))
    names = (node for test in tests for node in ast.walk(test) if isinstance(node, ast.Name))
    return not any(name.id == "__name__" for name in names)
