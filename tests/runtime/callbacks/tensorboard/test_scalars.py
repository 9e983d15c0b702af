"""What TensorBoard's own reader finds in the event files."""

import numpy as np
import pytest

from kir.errors import ConfigError, DTypeError
from runtime.callbacks import TensorBoard


def read(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder))
    events.Reload()
    return events


def scalars(folder):
    events = read(folder)
    return {
        tag: [(event.step, event.value) for event in events.Scalars(tag)]
        for tag in events.Tags()["scalars"]
    }


@pytest.mark.tf
@pytest.mark.parametrize("chunk", [None, 2])
def test_epochs_are_steps(fit, feed, tmp_path, chunk):
    callbacks = [feed("val_loss", [0.5, np.float32(0.25)]), TensorBoard(tmp_path)]
    history = fit(callbacks, epochs=2, losses=(1.0, 1.0, 1.0), chunk=chunk)
    assert history.epoch == [0, 1]
    assert scalars(tmp_path) == {
        "loss": [(0, 1.0), (1, 1.0)],
        "acc": [(0, 0.25), (1, 0.25)],
        "val_loss": [(0, 0.5), (1, 0.25)],
    }
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.tf
@pytest.mark.parametrize("chunk", [None, 1, 2, 3])
@pytest.mark.parametrize(
    ("update_freq", "steps"),
    [("batch", [8, 16, 22, 22, 30, 38, 44, 44]), (16, [16, 22, 38, 44]), (1000, [22, 44])],
)
def test_samples_are_steps_with_an_update_frequency(fit, tmp_path, update_freq, steps, chunk):
    fit([TensorBoard(tmp_path, update_freq=update_freq)], epochs=2, chunk=chunk)
    found = scalars(tmp_path)
    assert [step for step, _ in found["loss"]] == steps
    if update_freq == "batch":
        assert [value for _, value in found["loss"]][:3] == [1.0, 2.0, 3.0]


@pytest.mark.tf
def test_a_second_run_writes_a_second_file(fit, tmp_path):
    callback = TensorBoard(tmp_path)
    fit([callback])
    fit([callback])
    assert [step for step, _ in scalars(tmp_path)["loss"]] == [0, 0]


@pytest.mark.tf
def test_a_file_in_place_of_the_folder_is_refused(fit, tmp_path):
    (tmp_path / "logs").write_text("")
    with pytest.raises(ConfigError, match=r"cannot make the folder log_dir=.*logs"):
        fit([TensorBoard(tmp_path / "logs")])


@pytest.mark.tf
def test_a_log_that_is_no_number_is_refused(fit, feed, tmp_path):
    with pytest.raises(DTypeError, match="the log 'note' is 'text'; expected one number"):
        fit([feed("note", ["text"]), TensorBoard(tmp_path)])


@pytest.mark.parametrize("update_freq", ["step", 0, -1, None])
def test_an_unknown_update_frequency_is_refused(update_freq):
    with pytest.raises(ConfigError, match="expected 'epoch', 'batch' or a positive number"):
        TensorBoard(update_freq=update_freq)
