"""The progress bar's text, byte for byte, under a clock that the test moves."""

import io
import sys
import time

import numpy as np
import pytest

from kir.utils.progbar import Progbar


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(time, "time", lambda: now[0])
    return now


def drawn(monkeypatch, clock, steps, dt, out=None, **options):
    out = io.StringIO() if out is None else out
    monkeypatch.setattr(sys, "stdout", out)
    bar = Progbar(**options)
    for current, value in steps:
        clock[0] += dt
        bar.update(current, [("loss", value), ("m", value)])
    return out.getvalue()


LINES = [
    " 1/10 [==>...........................] - ETA: 9s - loss: 0.5000 - m: 0.5000",
    " 4/10 [===========>..................] - ETA: 3s - loss: 0.3125 - m: 0.3125",
    "10/10 [==============================] - 3s 300ms/step - loss: 0.2000 - m: 0.2000",
]
STEPS = [(1, 0.5), (4, 0.25), (10, 0.125)]


def test_without_a_terminal_each_drawing_is_a_line(monkeypatch, clock):
    text = drawn(monkeypatch, clock, STEPS, 1.0, target=10)
    assert text == "".join("\n" + line for line in LINES) + "\n"


def test_on_a_terminal_the_line_is_redrawn_in_place(monkeypatch, clock):
    text = drawn(monkeypatch, clock, STEPS, 1.0, out=Terminal(), target=10)
    back = "\b" * len(LINES[0])
    assert text == "\r" + LINES[0] + back + "\r" + LINES[1] + back + "\r" + LINES[2] + "\n"


@pytest.mark.parametrize(
    ("options", "steps", "dt", "want"),
    [
        (
            {"target": None},
            [(1, 0.5), (30, 0.25)],
            2.0,
            "\n      1/Unknown - 2s 2s/step - loss: 0.5000 - m: 0.5000"
            "\n     30/Unknown - 4s 133ms/step - loss: 0.2583 - m: 0.2583",
        ),
        (
            {"target": 100, "interval": 5},
            [(10, 1.0), (20, 2.0), (60, 3.0), (100, 4.0)],
            2.0,
            "\n 10/100 [==>...........................] - ETA: 18s - loss: 1.0000 - m: 1.0000"
            "\n100/100 [==============================] - 8s 80ms/step"
            " - loss: 3.1000 - m: 3.1000\n",
        ),
        (
            {"target": 1000},
            [(1, 1.0)],
            100.0,
            "\n   1/1000 [..............................] - ETA: 27:45:00"
            " - loss: 1.0000 - m: 1.0000",
        ),
        (
            {"target": 10},
            [(1, 1.0)],
            10.0,
            "\n 1/10 [==>...........................] - ETA: 1:30 - loss: 1.0000 - m: 1.0000",
        ),
        (
            {"target": 5, "verbose": 2},
            [(1, 1.0), (3, 2.0), (5, 3.0)],
            1.0,
            " - 3s - loss: 2.2000 - m: 2.2000\n",
        ),
        ({"target": 4, "verbose": 0}, [(1, 1.0), (4, 2.0)], 1.0, ""),
        (
            {"target": 4, "stateful_metrics": ["m"]},
            [(1, 1.0), (2, 5.0), (4, 2.0)],
            0.001,
            "\n1/4 [======>.......................] - ETA: 0s - loss: 1.0000 - m: 1.0000"
            "\n4/4 [==============================] - 0s 750us/step - loss: 2.5000 - m: 2.0000\n",
        ),
        (
            {"target": 10, "width": 20},
            [(10, 0.0001)],
            0.1,
            "\n10/10 [====================] - 0s 10ms/step - loss: 1.0000e-04 - m: 1.0000e-04\n",
        ),
    ],
    ids=["unknown", "interval", "hours", "minutes", "line", "silent", "stateful", "small"],
)
def test_text(monkeypatch, clock, options, steps, dt, want):
    assert drawn(monkeypatch, clock, steps, dt, **options) == want


def test_a_shorter_line_wipes_out_the_longer_one_before(monkeypatch, clock):
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    bar = Progbar(6)
    for i in range(3):
        clock[0] += 1
        bar.add(2, [("a", float(i))])
    assert out.getvalue() == (
        "\n2/6 [=========>....................] - ETA: 2s - a: 0.0000e+00"
        "\n4/6 [===================>..........] - ETA: 1s - a: 0.5000    "
        "\n6/6 [==============================] - 3s 500ms/step - a: 1.0000\n"
    )


def test_many_steps_at_once_draw_what_single_steps_in_no_time_draw(monkeypatch, clock):
    rng = np.random.default_rng(0)
    weights, losses = rng.integers(1, 33, 50), rng.normal(size=50)
    target = int(weights.sum())
    texts = []
    for is_bulk in (False, True):
        out = io.StringIO()
        monkeypatch.setattr(sys, "stdout", out)
        bar = Progbar(target, stateful_metrics=["m"])
        if is_bulk:
            bar.update_many(weights, {"loss": losses, "m": losses})
        else:
            for weight, loss in zip(weights, losses, strict=True):
                bar.add(int(weight), [("loss", loss), ("m", loss)])
        texts.append(out.getvalue())
        assert bar._sums["loss"][1] == target
    assert texts[0] == texts[1]
    assert texts[0].count("\n") == 3


def test_many_steps_are_spread_over_the_time_that_they_took(monkeypatch, clock):
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    bar = Progbar(100)
    clock[0] += 10.0
    bar.update_many(np.full(10, 5))
    assert out.getvalue() == (
        "\n  5/100 [>.............................] - ETA: 19s"
        "\n 50/100 [==============>...............] - ETA: 10s"
    )


def test_nothing_happens_for_no_steps(monkeypatch, clock):
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    Progbar(3).update_many(np.zeros(0, int))
    assert out.getvalue() == ""
