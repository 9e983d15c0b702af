"""Batches of transformed images."""

import pickle
import threading

import numpy as np
import pytest

from kir.preprocessing.image import (
    DataFrameIterator,
    ImageDataGenerator,
    img_to_array,
    load_img,
    save_img,
)

EVERYTHING = {
    "rotation_range": 20,
    "width_shift_range": 0.2,
    "height_shift_range": [-1, 0, 1],
    "shear_range": 5,
    "zoom_range": 0.2,
    "channel_shift_range": 10.0,
    "horizontal_flip": True,
    "vertical_flip": True,
    "brightness_range": (0.5, 1.5),
    "rescale": 1 / 255,
    "samplewise_center": True,
    "samplewise_std_normalization": True,
}


@pytest.fixture
def images():
    return np.random.uniform(0, 255, (10, 8, 6, 3)).astype("float32")


@pytest.fixture
def folder(tmp_path, images):
    """Three classes with 2, 3 and 4 images."""
    for number, name in enumerate(["cats", "dogs", "birds"]):
        (tmp_path / name).mkdir()
        for i in range(2 + number):
            save_img(tmp_path / name / f"{name}{i}.png", images[number * 3 + i], scale=False)
    (tmp_path / "cats" / "notes.txt").write_text("no image")
    return tmp_path


class _Overriding(ImageDataGenerator):
    """The same methods, but a user's: each image goes through them."""

    def standardize(self, x):
        return super().standardize(x)


@pytest.mark.parametrize("options", [EVERYTHING, {}, {"featurewise_center": True}], ids=len)
def test_a_batch_at_once_is_what_its_images_are_one_by_one(images, options):
    batches = []
    for cls in (ImageDataGenerator, _Overriding):
        generator = cls(**options)
        generator.fit(images)
        batches.append(next(generator.flow(images, batch_size=10, seed=3)))
    np.testing.assert_allclose(batches[0], batches[1], rtol=1e-4, atol=1e-4)


def test_the_data_are_left_as_they_are(images):
    before = images.copy()
    generator = ImageDataGenerator(**EVERYTHING, featurewise_center=True, zca_whitening=True)
    generator.fit(images, augment=True)
    next(generator.flow(images))
    generator.standardize(images[0])
    np.testing.assert_array_equal(images, before)


def test_integers_are_normalized_as_floats():
    x = np.full((2, 2, 2, 1), 10, dtype="uint8")
    x[:, 0] = 30
    out = ImageDataGenerator(rescale=0.1, samplewise_center=True).standardize(x[0])
    assert out.dtype == np.float32
    np.testing.assert_allclose(out[:, 0, 0], [1, -1], rtol=1e-6)


def test_a_fitted_generator_centres_and_scales(images):
    generator = ImageDataGenerator(featurewise_center=True, featurewise_std_normalization=True)
    generator.fit(images)
    batch = next(generator.flow(images, batch_size=10))
    np.testing.assert_allclose(batch.mean((0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(batch.std((0, 1, 2)), 1, rtol=1e-4)


def test_whitened_images_are_decorrelated():
    x = np.random.normal(size=(500, 2, 2, 1)) @ np.array([[3.0]]) + np.random.normal(
        size=(500, 1, 1, 1)
    )
    generator = ImageDataGenerator(featurewise_center=True, zca_whitening=True, dtype="float64")
    generator.fit(x)
    batch = next(generator.flow(x, batch_size=500)).reshape(500, 4)
    np.testing.assert_allclose(batch.T @ batch / 500, np.eye(4), atol=1e-3)


@pytest.mark.parametrize(
    "options",
    [
        {"featurewise_center": True},
        {"featurewise_center": True, "featurewise_std_normalization": True},
        {"featurewise_center": True, "zca_whitening": True},
    ],
    ids=len,
)
def test_a_missing_fit_is_warned_of(images, options):
    with pytest.warns(UserWarning, match="fit on any training data"):
        ImageDataGenerator(**options).standardize(images[0])


@pytest.mark.parametrize(
    ("option", "other"),
    [
        ("zca_whitening", "featurewise_center"),
        ("featurewise_std_normalization", "featurewise_center"),
        ("samplewise_std_normalization", "samplewise_center"),
    ],
)
def test_an_option_turns_on_what_it_needs(option, other):
    with pytest.warns(
        UserWarning, match=f"specifies `{option}`.*setting of `{other}`, as it needs it on"
    ):
        assert getattr(ImageDataGenerator(**{option: True}), other)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"zoom_range": (1, 2, 3)}, "zoom_range"),
        ({"brightness_range": 0.5}, "brightness_range"),
        ({"data_format": "last"}, "Invalid data_format: 'last'"),
        ({"validation_split": 2}, "validation_split"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        ImageDataGenerator(**options)


def test_a_seed_repeats_a_flow(images):
    flows = [ImageDataGenerator(**EVERYTHING).flow(images, seed=4, batch_size=4) for _ in range(2)]
    for _ in range(5):
        np.testing.assert_array_equal(*[next(flow) for flow in flows])


def test_a_flow_gives_every_image_once_an_epoch(images):
    labels = np.arange(10)
    flow = ImageDataGenerator().flow(images, labels, batch_size=4)
    for _ in range(2):
        seen = np.concatenate([next(flow)[1] for _ in range(3)])
        assert sorted(seen) == list(range(10))
    seen = np.concatenate([flow[i][1] for i in range(len(flow))])
    assert sorted(seen) == list(range(10))


def test_threads_may_share_a_flow(images):
    flow = ImageDataGenerator(rotation_range=10).flow(images, np.arange(10), batch_size=2)
    seen = []
    threads = [
        threading.Thread(target=lambda: [seen.extend(next(flow)[1]) for _ in range(5)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == sorted(list(range(10)) * 4)


def test_a_flow_can_be_sent_to_another_process(images):
    flow = ImageDataGenerator().flow(images, np.arange(10), batch_size=4, seed=1)
    copies = [pickle.loads(pickle.dumps(flow)) for _ in range(2)]
    for i in range(3):
        # All have one order, though none was asked for a batch before.
        wanted = flow[i][1].tolist()
        assert [copy[i][1].tolist() for copy in copies] == [wanted, wanted]
    next(copies[0])


def test_subsets_split_weights_with_their_samples(images):
    generator = ImageDataGenerator(validation_split=0.3)
    weights = np.arange(10.0)
    parts = {
        part: generator.flow(images, np.arange(10), sample_weight=weights, subset=part)
        for part in ("training", "validation")
    }
    for flow in parts.values():
        _, y, w = next(flow)
        np.testing.assert_array_equal(y, w)
    assert [len(flow.x) for flow in parts.values()] == [7, 3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": np.zeros((4, 5, 5))}, "rank 4"),
        (
            {"x": np.zeros((4, 5, 5, 3)), "y": np.zeros(3)},
            r"`y` \(labels\) .* y.shape = \(3,\)",
        ),
        (
            {"x": np.zeros((4, 5, 5, 3)), "sample_weight": np.zeros(3)},
            r"weight.shape = \(3,\)",
        ),
        ({"x": [np.zeros((4, 5, 5, 3)), np.zeros(3)]}, r"len\(x\[0\]\) = 4, len\(x\[1\]\) = 3"),
        ({"x": np.zeros((4, 5, 5, 3)), "subset": "test"}, "Invalid subset name: 'test'"),
    ],
)
def test_what_does_not_fit_is_an_error(arguments, message):
    with pytest.raises(ValueError, match=message):
        ImageDataGenerator().flow(**arguments)


def test_an_unusual_channel_axis_is_warned_of(images):
    with pytest.warns(UserWarning, match="8 channels"):
        ImageDataGenerator(data_format="channels_first").flow(images)
    with pytest.raises(ValueError, match="no batch 3"):
        ImageDataGenerator().flow(images, batch_size=4)[3]


def test_transformed_images_are_saved(tmp_path, images):
    next(ImageDataGenerator().flow(images, batch_size=3, save_to_dir=tmp_path, save_prefix="x"))
    assert len(list(tmp_path.glob("x_*.png"))) == 3


def test_brightness_follows_the_order_of_the_axes(images):
    generator = ImageDataGenerator(brightness_range=(0.5, 0.5), data_format="channels_first")
    batch = next(generator.flow(images.transpose(0, 3, 1, 2), shuffle=False))
    wanted = next(ImageDataGenerator(brightness_range=(0.5, 0.5)).flow(images, shuffle=False))
    np.testing.assert_array_equal(batch.transpose(0, 2, 3, 1), wanted)


def test_folders_are_classes(folder, capsys):
    flow = ImageDataGenerator().flow_from_directory(
        folder, target_size=(8, 6), shuffle=False, class_mode="sparse"
    )
    assert capsys.readouterr().out == "Found 9 images belonging to 3 classes.\n"
    assert flow.class_indices == {"birds": 0, "cats": 1, "dogs": 2}
    x, y = next(flow)
    assert y.tolist() == [0, 0, 0, 0, 1, 1, 2, 2, 2]
    wanted = img_to_array(load_img(folder / flow.filenames[4]))
    np.testing.assert_array_equal(x[4], wanted)


def test_a_folder_is_split(folder):
    generator = ImageDataGenerator(validation_split=0.5)
    flows = {
        part: generator.flow_from_directory(folder, target_size=(8, 6), subset=part)
        for part in ("training", "validation")
    }
    names = [set(flow.filenames) for flow in flows.values()]
    assert [len(n) for n in names] == [5, 4]
    assert not names[0] & names[1]


@pytest.mark.parametrize(
    "options", [{"class_mode": "other"}, {"color_mode": "hsv"}, {"subset": "test"}], ids=list
)
def test_options_of_a_folder_are_checked(folder, options):
    with pytest.raises(ValueError, match="Invalid"):
        ImageDataGenerator().flow_from_directory(folder, **options)


def test_an_empty_folder_gives_no_batch(tmp_path):
    flow = ImageDataGenerator().flow_from_directory(tmp_path)
    assert len(flow) == 0
    with pytest.raises(ValueError, match="no image was found"):
        next(flow)


def _table(**columns):
    """A table is anything that gives a column for its name; pandas' data frames do."""
    return columns


def test_a_table_gives_the_labels(folder, capsys):
    flow = ImageDataGenerator().flow_from_dataframe(
        _table(
            filename=["dogs0.png", "cats1.png", "dogs0.png", "missing.png"],
            **{"class": ["d", "c", "c", "d"]},
        ),
        folder / "dogs",
        target_size=(8, 6),
        class_mode="binary",
        shuffle=False,
    )
    assert capsys.readouterr().out == "Found 1 images belonging to 2 classes.\n"
    assert flow.class_indices == {"c": 0, "d": 1}
    assert flow.filenames == ["dogs0.png"]
    assert next(flow)[1].tolist() == [1]


def test_a_table_lists_files_of_sub_folders_without_their_endings(folder):
    flow = ImageDataGenerator().flow_from_dataframe(
        _table(
            name=["dogs/dogs1", "birds/birds0", "cats/cats0"], value=[1.0, 2.0, 3.0], more=[4, 5, 6]
        ),
        folder,
        x_col="name",
        y_col=["value", "more"],
        has_ext=False,
        class_mode="other",
        target_size=(8, 6),
        shuffle=False,
    )
    assert next(flow)[1].tolist() == [[2, 5], [3, 6], [1, 4]]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"x_col": 3}, ValueError, "name of one column"),
        ({"class_mode": "many"}, ValueError, "Invalid class_mode: 'many'"),
        ({"class_mode": "input", "classes": ["a"]}, ValueError, "no classes"),
        ({"classes": ["b"]}, ValueError, "class 'a', which is not among"),
        ({"has_ext": False}, ValueError, "without ending"),
        ({"class_mode": "other"}, TypeError, "needs numbers"),
    ],
)
def test_options_of_a_table_are_checked(folder, options, error, message):
    table = _table(filename=["cats/cats0.png"], **{"class": ["a"]})
    with pytest.raises(error, match=message):
        ImageDataGenerator().flow_from_dataframe(table, folder, **options)


def _rows(folder, options, *columns):
    """All batches of a table as one, unshuffled; the columns are those of the labels."""
    table = _table(
        filename=["dogs/dogs1.png", "missing.png", "birds/birds0.png", "cats/cats0.png"],
        **dict(columns),
    )
    options = {"target_size": (8, 6), "shuffle": False, **options}
    flow = ImageDataGenerator(validation_split=0.34).flow_from_dataframe(table, folder, **options)
    return flow, next(flow)


SEVERAL = ("class", [["b", "a"], "a", "c", ("b",)])
NUMBERS = [("y", [1.0, 2.0, 3.0, 4.0]), ("z", [[1, 2], [3, 4], [5, 6], [7, 8]])]


@pytest.mark.filterwarnings("ignore:Found 1 invalid image filename")
@pytest.mark.parametrize(
    ("options", "columns", "wanted"),
    [
        ({}, [SEVERAL], [[1, 1, 0], [0, 0, 1], [0, 1, 0]]),
        ({"classes": ["b", "c"]}, [SEVERAL], [[1, 0], [0, 1], [1, 0]]),
        ({"class_mode": "raw", "y_col": "y"}, NUMBERS, [1, 3, 4]),
        ({"class_mode": "raw", "y_col": ["y", "y"]}, NUMBERS, [[1, 1], [3, 3], [4, 4]]),
        (
            {"class_mode": "multi_output", "y_col": ["y", "z"]},
            NUMBERS,
            [[1, 3, 4], [[1, 2], [5, 6], [7, 8]]],
        ),
        (
            {"class_mode": "sparse", "validate_filenames": True, "subset": "training"},
            [("class", ["d", "x", "b", "c"])],
            [0, 1],
        ),
        ({"class_mode": "binary", "sort": True}, [("class", ["d", "d", "b", "b"])], [0, 0, 1]),
    ],
    ids=["several", "some classes", "raw", "columns", "outputs", "subset", "sorted"],
)
def test_arguments_of_later_versions_take_the_rows_in_order(folder, options, columns, wanted):
    _, (x, y) = _rows(folder, options, *columns)
    assert [np.asarray(part).tolist() for part in y] == wanted
    assert len(x) == (2 if "subset" in options else 3)


def test_a_table_gives_weights(folder):
    with pytest.warns(UserWarning, match="1 invalid image filename.*'missing.png'") as warned:
        flow, (x, y, w) = _rows(
            folder, {"class_mode": "input", "weight_col": "y"}, ("y", [1.0, 2.0, 3.0, 4.0])
        )
    assert warned[0].filename == __file__
    assert w.tolist() == [1, 3, 4]
    np.testing.assert_array_equal(x, y)
    assert flow.filepaths[1] == str(folder / "birds" / "birds0.png")
    with pytest.raises(TypeError, match="weight_col needs numbers"):
        _rows(
            folder,
            {"weight_col": "y", "class_mode": None, "validate_filenames": False},
            ("y", ["1", "2", "3", "4"]),
        )


def test_a_table_of_whole_paths_needs_no_folder(folder):
    paths = [str(folder / name) for name in ("dogs/dogs1.png", "cats/cats0.png")] * 2
    table = _table(path=paths, **{"class": ["b", "a"] * 2})
    options = {"x_col": "path", "target_size": (8, 6), "shuffle": False}
    flow = ImageDataGenerator().flow_from_dataframe(table, **options)
    assert flow.filenames == paths
    np.testing.assert_array_equal(next(flow)[1], [[0, 1], [1, 0]] * 2)
    flow = DataFrameIterator(table, drop_duplicates=True, **options)
    assert flow.filenames == paths[:2]
    np.testing.assert_array_equal(next(flow)[0][1], img_to_array(load_img(paths[1])))


def test_lists_of_classes_are_no_numbers(folder):
    with pytest.raises(TypeError, match="needs one class a row"):
        _rows(folder, {"class_mode": "sparse", "validate_filenames": False}, SEVERAL)
    with pytest.raises(TypeError, match="needs a list of columns as y_col; got 'y'"):
        _rows(
            folder,
            {"class_mode": "multi_output", "y_col": "y", "validate_filenames": False},
            NUMBERS[0],
        )


def test_the_order_of_the_interpolation_is_used(images):
    flows = [
        ImageDataGenerator(zoom_range=(0.5, 0.5), interpolation_order=order).flow(
            images, shuffle=False, seed=1
        )
        for order in (0, 1)
    ]
    nearest, linear = (next(flow) for flow in flows)
    assert np.isin(nearest, images).all()
    assert not np.isin(linear, images).all()
