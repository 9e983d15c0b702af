from __future__ import annotations

import importlib.util

import pytest

from kir.errors import ConfigError, DependencyError
from runtime.callbacks import History
from runtime.learning_curve import save_learning_curve

HISTORY = {"val_loss": [2.0, 1.0], "loss": [3.0, 1.5], "acc": [0.1, 0.2], "lr": [0.1, 0.1]}


@pytest.mark.parametrize(
    ("suffix", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<")]
)
def test_kinds_of_pictures(tmp_path, suffix, start):
    path = tmp_path / f"curve.{suffix}"
    save_learning_curve(HISTORY, path, title="net")
    assert path.read_bytes().startswith(start)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_every_value_but_the_rate_has_a_panel(tmp_path):
    save_learning_curve(HISTORY, tmp_path / "curve.svg", epochs=[4, 5])
    comments = (tmp_path / "curve.svg").read_text()
    for text in ("accuracy", "loss", "validation", "training"):
        assert f"<!-- {text} -->" in comments
    assert "<!-- lr -->" not in comments


def test_unknown_kind_and_empty_history(tmp_path):
    with pytest.raises(ConfigError, match=r"must end in \.png"):
        save_learning_curve(HISTORY, tmp_path / "curve.doc")
    with pytest.raises(ConfigError, match="no epoch"):
        save_learning_curve({}, tmp_path / "curve.png")


def test_without_matplotlib(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DependencyError, match=r'pip install "kir\[viz\]"'):
        save_learning_curve(HISTORY, tmp_path / "curve.png")


def test_history_draws_itself(tmp_path):
    history = History()
    history.on_train_begin()
    for epoch in range(2):
        history.on_epoch_end(epoch, {name: values[epoch] for name, values in HISTORY.items()})
    figure = history.plot(tmp_path / "curve.png", title="net")
    assert [panel.get_title() for panel in figure.axes] == ["loss", "accuracy"]
    assert list(figure.axes[0].lines[0].get_xdata()) == [1, 2]
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_history_before_training_has_nothing_to_draw():
    with pytest.raises(ConfigError, match="Train for one first"):
        History().plot()
