"""The question before a file is overwritten, and that the names of HDF5 come late."""

import pytest

from kir.utils.io_utils import ask_to_proceed_with_overwrite
from tests.processes import run_python


@pytest.mark.parametrize(
    ("answers", "wanted"), [(["y"], True), (["n"], False), (["what?", " Y "], True)]
)
@pytest.mark.parametrize("place", ["builtins.input", "six.moves.input"])
def test_the_user_is_asked_until_the_answer_is_one(monkeypatch, place, answers, wanted):
    pytest.importorskip("six")
    asked = []

    def answer(question):
        asked.append(question)
        return answers[len(asked) - 1]

    monkeypatch.setattr(place, answer)
    assert ask_to_proceed_with_overwrite("a.h5") is wanted
    assert len(asked) == len(answers)
    assert asked[0] == "[WARNING] a.h5 already exists - overwrite? [y/n]"


def test_what_helps_to_prepare_data_loads_no_tensorflow_hdf5_or_network():
    code = (
        "import sys, kir.utils.io_utils, kir.utils.data_utils, kir.preprocessing.image, "
        "kir.preprocessing.text, kir.datasets\n"
        "late = {'h5py', 'tensorflow', 'PIL', 'scipy', 'urllib.request', 'multiprocessing'}\n"
        "print(sorted(late & set(sys.modules)))"
    )
    assert run_python(code) == "[]\n"


def test_two_names_are_one_class():
    from kir.utils import h5dict
    from kir.utils.io_utils import H5Dict

    assert h5dict is H5Dict
