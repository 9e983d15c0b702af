"""Reading, writing and transforming one image."""

import numpy as np
import pytest

from kir.preprocessing import image
from kir.preprocessing.image import _packages


@pytest.fixture
def picture():
    return np.random.randint(0, 256, (7, 5, 3)).astype("float32")


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_an_array_survives_being_a_picture(channels, data_format):
    x = np.random.randint(0, 256, (7, 5, channels)).astype("float32")
    x = x if data_format == "channels_last" else x.transpose(2, 0, 1)
    picture = image.array_to_img(x, data_format=data_format, scale=False)
    assert picture.size == (5, 7)
    np.testing.assert_array_equal(image.img_to_array(picture, data_format=data_format), x)


def test_scaling_stretches_to_the_whole_range():
    pixels = image.img_to_array(image.array_to_img(np.array([[[-1.0], [1.0]]])))
    assert pixels.ravel().tolist() == [0, 255]


@pytest.mark.parametrize(
    ("shape", "message"), [((5, 5), "rank 3"), ((5, 5, 2), "2 channels"), ((1, 5, 5, 3), "rank 3")]
)
def test_what_is_no_picture_is_an_error(shape, message):
    with pytest.raises(ValueError, match=message):
        image.array_to_img(np.zeros(shape))


def test_a_file_survives_being_read(tmp_path, picture):
    image.save_img(tmp_path / "a.png", picture, scale=False)
    np.testing.assert_array_equal(image.img_to_array(image.load_img(tmp_path / "a.png")), picture)
    gray = image.load_img(tmp_path / "a.png", color_mode="grayscale", target_size=(3, 4))
    assert (gray.mode, gray.size) == ("L", (4, 3))


def test_grayscale_is_an_old_name(tmp_path, picture):
    image.save_img(tmp_path / "a.png", picture)
    with pytest.warns(UserWarning, match="color_mode"):
        assert image.load_img(tmp_path / "a.png", grayscale=True).mode == "L"


@pytest.mark.parametrize(
    "options", [{"color_mode": "cmyk"}, {"target_size": (2, 2), "interpolation": "magic"}]
)
def test_unknown_options_of_reading_are_an_error(tmp_path, picture, options):
    image.save_img(tmp_path / "a.png", picture)
    with pytest.raises(ValueError, match=r"Invalid (color mode|interpolation method)"):
        image.load_img(tmp_path / "a.png", **options)


def test_a_jpeg_loses_its_alpha_channel(tmp_path):
    with pytest.warns(UserWarning, match="alpha"):
        image.save_img(tmp_path / "a.jpg", np.zeros((4, 4, 4)))
    with pytest.warns(UserWarning, match="alpha"):
        image.save_img(tmp_path / "b", np.zeros((4, 4, 4)), file_format="jpg")
    assert image.load_img(tmp_path / "b").size == (4, 4)


def test_pictures_are_listed(tmp_path, picture):
    for name in ("b.png", "a.jpg", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    assert [p[-5:] for p in image.list_pictures(tmp_path)] == ["a.jpg", "b.png"]
    assert [p[-5:] for p in image.list_pictures(tmp_path, ext=("png", "gif"))] == ["b.png"]


def test_what_does_not_move_is_not_copied(picture):
    assert image.apply_affine_transform(picture) is picture


@pytest.mark.parametrize("axes", [(0, 1, 2), (1, 2, 0)])
def test_a_shift_by_whole_pixels_only_moves(picture, axes):
    row, column, channel = axes
    x = picture if channel == 2 else picture.transpose(2, 0, 1)
    moved = image.apply_affine_transform(
        x, tx=2, ty=-1, row_axis=row, col_axis=column, channel_axis=channel, fill_mode="constant"
    )
    moved = moved if channel == 2 else moved.transpose(1, 2, 0)
    np.testing.assert_allclose(moved[:-2, 1:], picture[2:, :-1], rtol=1e-5)
    assert not moved[-2:].any()
    assert not moved[:, :1].any()
    assert moved.dtype == picture.dtype


def test_a_whole_turn_changes_nothing_within(picture):
    turned = image.apply_affine_transform(picture, theta=360)
    np.testing.assert_allclose(turned[1:-1, 1:-1], picture[1:-1, 1:-1], atol=1e-3)


def test_a_channel_shift_keeps_the_range_and_the_type(picture):
    shifted = image.random_channel_shift(picture, 50.0, 2)
    assert shifted.dtype == np.float32
    assert shifted.min() >= picture.min()
    assert shifted.max() <= picture.max()


@pytest.mark.parametrize("function", [image.random_zoom, image.random_brightness])
def test_a_range_is_a_pair(picture, function):
    with pytest.raises(ValueError, match=r"Received: \(1, 2, 3\)"):
        function(picture, (1, 2, 3))


def test_what_is_not_installed_is_named(monkeypatch, picture):
    def without(name, *arguments, **options):
        if name.startswith(("PIL", "scipy")):
            raise ImportError(name)
        return real(name, *arguments, **options)

    real = _packages.importlib.import_module
    monkeypatch.setattr(_packages.importlib, "import_module", without)
    _packages.load.cache_clear()
    with pytest.raises(ImportError, match=r'needs SciPy.*pip install "kir\[image\]"'):
        image.apply_affine_transform(picture, theta=1)
    with pytest.raises(ImportError, match="needs Pillow"):
        image.array_to_img(picture)


def test_old_helpers_are_there(picture):
    np.testing.assert_array_equal(image.flip_axis(picture, 1), picture[:, ::-1])
    centred = image.transform_matrix_offset_center(np.diag([2.0, 2.0, 1.0]), 10, 10)
    np.testing.assert_allclose(centred @ [5.5, 5.5, 1], [5.5, 5.5, 1])
