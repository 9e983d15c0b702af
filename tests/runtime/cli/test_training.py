"""`kir train`, `kir predict` and `kir export`."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest

from kir.models import load_model

pytestmark = pytest.mark.tf

ROOT = Path(__file__).resolve().parents[3]
SPARSE = ("--loss", "sparse_categorical_crossentropy", "--metrics", "accuracy")
ONE_HOT = ("--loss", "categorical_crossentropy", "--metrics", "accuracy")


def test_train_leaves_all_its_results(run, tmp_path, mlp_json, data_npz):
    folder = tmp_path / "deep" / "run"
    output = run(
        "train", mlp_json, "--data", data_npz, *ONE_HOT, "--epochs", 3, "--output", folder
    ).output
    assert sorted(p.name for p in folder.iterdir()) == [
        "checkpoint.h5",
        "learning_curve.png",
        "logs",
        "model.h5",
        "saved_model",
    ]
    assert (folder / "learning_curve.png").read_bytes().startswith(b"\x89PNG")
    assert "43 samples to train on, 5 to validate on, 12 to test on" in output
    assert output.count("Epoch ") == 3
    parts = {
        line.split()[0] for line in output.splitlines() if re.search(r" 0\.\d{4}$", line.rstrip())
    }
    assert {"training", "validation", "test"} <= parts
    assert f"--logdir {folder / 'logs'}" in output
    assert load_model(folder / "checkpoint.h5").optimizer is not None


def test_train_writes_only_what_is_asked_for(run, tmp_path, mlp_json, data_npz):
    run("train", mlp_json, "--data", data_npz, *SPARSE, "--epochs", 1, "--save", tmp_path / "m.h5")
    assert {p.name for p in tmp_path.iterdir()} == {"mlp.json", "data.npz", "m.h5"}


def test_train_without_validation_and_test(run, tmp_path, mlp_json, data_npz):
    path = tmp_path / "best.h5"
    output = run(
        "train", mlp_json, "--data", data_npz, *SPARSE, "--epochs", 2,
        "--validation-split", 0, "--test-split", 0, "--checkpoint", path,
    ).output  # fmt: skip
    assert "60 samples to train on, 0 to validate on, 0 to test on" in output
    assert "val_loss" not in output
    assert path.is_file()


def test_same_seed_gives_the_same_model(run, tmp_path, mlp_json, data_npz):
    weights = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        path = tmp_path / f"{name}.h5"
        run(
            "train", mlp_json, "--data", data_npz, *SPARSE,
            "--epochs", 2, "--seed", seed, "--save", path,
        )  # fmt: skip
        weights.append(load_model(path).get_weights())
    for a, b in zip(weights[0], weights[1], strict=True):
        np.testing.assert_array_equal(a, b)
    assert any((a != c).any() for a, c in zip(weights[0], weights[2], strict=True))


def test_settings_reach_the_optimizer_and_the_callbacks(run, tmp_path, mlp_json, data_npz):
    path = tmp_path / "m.h5"
    output = run(
        "train", mlp_json, "--data", data_npz, *SPARSE, "--save", path,
        "--optimizer", "sgd:momentum=0.5,nesterov=true", "--lr", 0,
        "--epochs", 9, "--callback", "EarlyStopping:patience=1,monitor=val_loss",
        "--callback", f"CSVLogger:filename={tmp_path / 'log.csv'}",
    ).output  # fmt: skip
    assert output.count("Epoch ") == 2  # at a rate of 0 nothing improves
    config = load_model(path).optimizer.get_config()
    assert (config["lr"], config["momentum"], config["nesterov"]) == (0.0, 0.5, True)
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 3


def test_train_on_a_table_with_a_chosen_target(run, tmp_path, mlp_json):
    path = tmp_path / "data.csv"
    rows = np.random.RandomState(0).normal(size=(40, 4)).round(3)
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["a", "kind", "b", "c", "d"])
        writer.writerows([r[0], int(r[0] > 0), *r[1:]] for r in rows)
    output = run(
        "train", mlp_json, "--data", path, "--target", "kind", *SPARSE, "--epochs", 1
    ).output
    assert "8 to test on" in output


def test_images_are_flattened_for_a_dense_network(run):
    run("train", ROOT / "specs/examples/mlp.json", "--data", "digits", *ONE_HOT, "--epochs", 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--loss", "msee"], "msee"),
        (["--loss", "mse", "--optimizer", "addam"], "Did you mean 'adam'"),
        (["--loss", "mse", "--optimizer", "sgd:speed=1"], "speed"),
        (["--loss", "mse", "--optimizer", "sgd:lr=1", "--lr", "2"], "both give the rate"),
        (["--loss", "mse", "--metrics", "acuracy"], "acuracy"),
        (["--loss", "mse", "--callback", "EarlyStoping"], "Did you mean 'EarlyStopping'"),
        (["--loss", "mse", "--callback", "EarlyStopping:patience"], "KEY=VALUE"),
        (["--loss", "mse", "--curve", "curve.jpg2"], ".png"),
        (["--loss", "mse", "--data", "digit"], "expected 'digits'"),
        (["--loss", "mse", "--data", "digits"], "(8, 8, 1)"),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, list) else None,
)
def test_wrong_settings_are_named(run, mlp_json, data_npz, arguments, message):
    given = ["--data", data_npz, *arguments]
    assert message in run("train", mlp_json, *given, status=1).stderr


def test_class_beyond_the_outputs_is_named(run, tmp_path, mlp_json):
    np.savez(tmp_path / "d.npz", x=np.zeros((10, 4)), y=np.arange(10))
    result = run("train", mlp_json, "--data", tmp_path / "d.npz", *ONE_HOT, status=1)
    assert "classes from 0 to 9" in result.stderr
    assert "3 outputs" in result.stderr


@pytest.fixture
def model_h5(run, tmp_path, mlp_json, data_npz) -> Path:
    path = tmp_path / "model.h5"
    run("train", mlp_json, "--data", data_npz, *SPARSE, "--epochs", 1, "--save", path)
    return path


def test_predictions_are_those_of_the_model(run, tmp_path, data_npz, model_h5):
    x = np.load(data_npz)["x"]
    wanted = load_model(model_h5).predict(x)
    run("predict", model_h5, "--data", data_npz, "-o", tmp_path / "p.npz", "--classes")
    found = np.load(tmp_path / "p.npz")
    np.testing.assert_array_equal(found["predictions"], wanted)
    np.testing.assert_array_equal(found["classes"], wanted.argmax(axis=1))
    run("predict", model_h5, "--data", data_npz, "-o", tmp_path / "p.csv", "--classes")
    lines = (tmp_path / "p.csv").read_text().splitlines()
    assert lines[0] == "output_0,output_1,output_2,class"
    # A float32 survives its shortest spelling.
    written = np.array([line.split(",")[:3] for line in lines[1:]], "float32")
    np.testing.assert_array_equal(written, wanted)


def test_predict_refuses_an_unknown_kind_of_output(run, tmp_path, data_npz, model_h5):
    result = run("predict", model_h5, "--data", data_npz, "-o", tmp_path / "p.txt", status=1)
    assert ".csv or .npz" in result.stderr


def test_predict_on_data_that_do_not_fit(run, tmp_path, model_h5):
    np.savez(tmp_path / "d.npz", x=np.zeros((10, 5)))
    result = run(
        "predict", model_h5, "--data", tmp_path / "d.npz", "-o", tmp_path / "p.npz", status=1
    )
    assert "shape (5,)" in result.stderr
    assert "(4)" in result.stderr


def test_truncated_model_is_an_error_of_the_users(run, tmp_path, data_npz, model_h5):
    model_h5.write_bytes(model_h5.read_bytes()[:1000])
    result = run("predict", model_h5, "--data", data_npz, "-o", tmp_path / "p.npz", status=1)
    assert str(model_h5) in result.stderr


def test_export_is_served_by_tensorflow(run, tmp_path, data_npz, model_h5):
    from compiler.tensorflow import tf

    x = np.load(data_npz)["x"]
    run("export", model_h5, tmp_path / "served", "--to", "savedmodel")
    serve = tf.saved_model.load(str(tmp_path / "served")).signatures["serving_default"]
    (name,) = serve.structured_input_signature[1]
    (found,) = serve(**{name: tf.constant(x)}).values()
    np.testing.assert_allclose(found, load_model(model_h5).predict(x), rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_the_demo_learns_the_digits(run, tmp_path):
    output = run(
        "train", ROOT / "specs/examples/digits_cnn.yaml", "--data", "digits", *ONE_HOT,
        "--epochs", 30, "--batch-size", 32, "--output", tmp_path / "demo",
    ).output  # fmt: skip
    line = next(line for line in output.splitlines() if line.split()[:1] == ["test"])
    assert float(line.split()[-1]) >= 0.97


def test_the_device_can_be_chosen(run, tmp_path, mlp_json, data_npz):
    arguments = ("train", mlp_json, "--data", data_npz, *SPARSE, "--epochs", 1, "--device")
    run(*arguments, "cpu:0")
    assert "There is no device 'gpu:7'" in run(*arguments, "gpu:7", status=1).stderr
