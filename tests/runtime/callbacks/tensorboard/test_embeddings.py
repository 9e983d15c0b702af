"""What the projector finds in the run's folder."""

import numpy as np
import pytest

from kir.callbacks import TensorBoard
from kir.errors import ConfigError
from kir.layers import Dense, Dropout, Embedding, Flatten
from kir.models import Sequential

pytestmark = pytest.mark.tf

WORDS = np.arange(12).reshape(6, 2) % 10


@pytest.fixture
def model():
    model = Sequential(
        [
            Embedding(10, 3, input_length=2, name="words"),
            Flatten(name="flat"),
            Dropout(0.5, name="drop"),
            Dense(1, name="y"),
        ]
    )
    model.compile("sgd", "mse")
    return model


def fitted(model, folder, epochs=1, **options):
    options = {"embeddings_freq": 1, "embeddings_data": WORDS, "batch_size": 4, **options}
    callback = TensorBoard(folder, **options)
    model.fit(WORDS, np.ones((6, 1)), epochs=epochs, verbose=0, callbacks=[callback])


def config_of(folder):
    from google.protobuf import text_format
    from tensorboard.plugins.projector import ProjectorConfig

    text = (folder / "projector_config.pbtxt").read_text()
    return {
        e.tensor_name: e.metadata_path
        for e in text_format.Parse(text, ProjectorConfig()).embeddings
    }


def checkpoint_of(folder):
    from compiler.tensorflow import tf

    reader = tf.train.load_checkpoint(str(folder))
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}


def test_the_checkpoint_holds_the_layer_for_every_sample(model, tmp_path):
    fitted(model, tmp_path)
    found = checkpoint_of(tmp_path)
    table = model.get_layer("words").get_weights()[0]
    np.testing.assert_array_equal(found["words_embedding"], table[WORDS].reshape(6, 6))
    assert config_of(tmp_path) == {"words_embedding": ""}


def test_layers_are_chosen_by_name_and_computed_at_inference(model, tmp_path):
    fitted(model, tmp_path, embeddings_layer_names=["words", "drop"])
    found = checkpoint_of(tmp_path)
    assert list(config_of(tmp_path)) == ["words_embedding", "drop_embedding"]
    np.testing.assert_array_equal(found["words_embedding"], found["drop_embedding"])


def test_checkpoints_come_every_so_many_epochs_and_five_stay(model, tmp_path):
    fitted(model, tmp_path, epochs=13, embeddings_freq=2)
    numbers = sorted(int(p.stem.rsplit("-", 1)[1]) for p in tmp_path.glob("*.index"))
    assert numbers == [4, 6, 8, 10, 12]
    assert (
        'model_checkpoint_path: "keras_embedding.ckpt-12"' in (tmp_path / "checkpoint").read_text()
    )


def labels(folder, name="labels.tsv"):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("".join(f"sample {i}\n" for i in range(6)))
    return str(folder / name)


def test_metadata_in_the_folder_stay_where_they_are(model, tmp_path):
    labels(tmp_path)
    fitted(model, tmp_path, embeddings_metadata="labels.tsv")
    assert config_of(tmp_path) == {"words_embedding": "labels.tsv"}


def test_metadata_elsewhere_are_copied_beside_the_run(model, tmp_path):
    ours, theirs = labels(tmp_path / "a"), labels(tmp_path / "b")
    metadata = {"words": ours, "flat": theirs}
    names = ["words", "flat"]
    run = tmp_path / "run"
    fitted(model, run, embeddings_layer_names=names, embeddings_metadata=metadata)
    assert config_of(run) == {
        "words_embedding": "labels.tsv",
        "flat_embedding": "flat_labels.tsv",
    }
    assert (run / "flat_labels.tsv").read_text().startswith("sample 0\n")


def test_missing_metadata_are_named(model, tmp_path):
    with pytest.warns(UserWarning, match=r"no metadata file 'labels\.tsv' of layer 'words'"):
        fitted(model, tmp_path, embeddings_metadata={"words": "labels.tsv"})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"embeddings_data": None}, "embeddings_freq=1 needs embeddings_data"),
        ({"embeddings_layer_names": ["word"]}, "no such layer. Did you mean 'words'"),
        ({"embeddings_data": np.ones((3, 5))}, "shape"),
    ],
)
def test_what_cannot_be_saved_is_refused_before_training(model, tmp_path, options, message):
    before = model.get_weights()
    with pytest.raises(ValueError, match=message):
        fitted(model, tmp_path, **options)
    np.testing.assert_array_equal(before[0], model.get_weights()[0])


def test_a_model_without_embeddings_needs_names(tmp_path):
    model = Sequential([Dense(1, input_shape=(2,))])
    model.compile("sgd", "mse")
    with pytest.raises(ConfigError, match=r"no Embedding layer\. Say in embeddings_layer_names"):
        fitted(model, tmp_path)
