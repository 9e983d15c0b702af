"""`kir run`: old programs in a process of their own, as with plain Python."""

from __future__ import annotations

import os
import subprocess
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.processes import ROOT, start_python

Started = subprocess.CompletedProcess[str]
Start = Callable[..., Started]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Writes `script.py` into an empty folder, and runs it there with `kir run`."""

    def start(text: str, *arguments: str, **settings: str) -> Started:
        (tmp_path / "script.py").write_text(textwrap.dedent(text))
        command = ["-m", "runtime.cli", "run", *(arguments or ("script.py",))]
        return start_python(command, folder=tmp_path, environment=settings)

    return start


def test_arguments_and_path_are_as_with_python(start: Start, tmp_path: Path) -> None:
    text = "import sys; print(sys.argv, __name__, __file__, __spec__, sys.path[0])"
    ran = start(text, "script.py", "-m", "--lr=3", "--help")
    script = tmp_path / "script.py"
    assert ran.stderr == ""
    assert ran.stdout == (
        f"['script.py', '-m', '--lr=3', '--help'] __main__ {script} None {tmp_path}\n"
    )


def test_a_traceback_shows_the_script_alone(start: Start) -> None:
    ran = start("import keras\nraise KeyError(3)")
    assert ran.returncode == 1
    assert ran.stderr.splitlines()[0] == "Traceback (most recent call last):"
    assert ran.stderr.count("  File ") == 1
    assert ran.stderr.endswith("KeyError: 3\n")


@pytest.mark.parametrize(("text", "status"), [("pass", 0), ("exit(7)", 7), ("exit('no')", 1)])
def test_the_exit_status_is_the_scripts(start: Start, text: str, status: int) -> None:
    assert start(text).returncode == status


def test_a_missing_script_is_pythons_error(start: Start) -> None:
    ran = start("", "absent.py")
    assert ran.returncode == 2
    assert "can't open file" in ran.stderr


def test_a_call_without_a_script_says_what_is_missing(start: Start) -> None:
    ran = start("", "--")
    assert ran.returncode == 2
    assert "Missing the SCRIPT to run" in ran.stderr


def test_a_module_is_run_by_name(start: Start) -> None:
    ran = start("import keras, sys; print(keras.__name__, sys.argv[1:])", "-m", "script", "x")
    assert ran.stdout == "keras ['x']\n"


def test_keras_means_kir_in_processes_that_the_script_starts(start: Start) -> None:
    ran = start(
        """
        import multiprocessing, subprocess, sys
        import keras

        def version(_):
            return keras.__version__

        if __name__ == '__main__':
            with multiprocessing.get_context('spawn').Pool(1) as pool:
                print(pool.map(version, [0]))
            sys.stdout.flush()
            subprocess.check_call([sys.executable, '-c', 'import keras; print(keras.__version__)'])
        """
    )
    assert (ran.stderr, ran.stdout) == ("", "['2.2.4']\n2.2.4\n")


def test_a_sitecustomize_of_the_users_own_still_runs(start: Start, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import builtins; builtins.mine = 5")
    ran = start("print(mine)", PYTHONPATH=f"{ROOT}{os.pathsep}{tmp_path}")
    assert (ran.stderr, ran.stdout) == ("", "5\n")


def test_a_folder_named_keras_beside_the_script_is_not_taken(start: Start, tmp_path: Path) -> None:
    (tmp_path / "keras").mkdir()
    (tmp_path / "keras" / "__init__.py").write_text("__version__ = 'other'")
    assert start("import keras; print(keras.__version__)").stdout == "2.2.4\n"


def test_another_python_keeps_its_own_keras(start: Start) -> None:
    ran = start(
        """
        import os, subprocess, sys
        other = {**os.environ, 'KIR_PYTHON': '/another/prefix'}
        code = "import sys; print([type(f).__name__ for f in sys.meta_path])"
        subprocess.check_call([sys.executable, '-c', code], env=other)
        """
    )
    assert ran.returncode == 0, ran.stderr
    assert "AliasFinder" not in ran.stdout


@pytest.mark.parametrize(("options", "status"), [((), 1), (("--allow-code",), 0)])
def test_code_of_an_earlier_process_is_loaded_if_allowed(
    start: Start, options: tuple[str, ...], status: int
) -> None:
    start(
        """
        from keras.layers import Lambda
        from keras.models import Sequential

        model = Sequential([Lambda(lambda x: x, output_shape=(2,), input_shape=(2,))])
        open('model.json', 'w').write(model.to_json())
        """
    )
    text = "from keras.models import model_from_json; model_from_json(open('model.json').read())"
    assert start(text, *options, "script.py").returncode == status


@pytest.mark.tf
@pytest.mark.slow
def test_tensorflow_1_names_are_there_with_tf1(start: Start) -> None:
    ran = start(
        """
        import sys
        import tensorflow as tf
        from tensorflow.python.ops import control_flow_ops
        from tensorflow.keras.layers import Dense
        import keras
        from keras import backend as K

        K.set_session(tf.Session(config=tf.ConfigProto()))
        x = tf.placeholder(tf.float32, (None, 2))
        print(K.get_session().run(tf.reduce_sum(x, reduction_indices=1), {x: [[1, 2]]}))
        print(Dense is keras.layers.Dense, tf.keras is keras.backend.tf.keras)
        print([m for m in sys.modules if m.startswith('keras.src')])
        from tensorflow.contrib.learn.python.learn.datasets import mnist
        from tensorflow.examples.tutorials.mnist import input_data
        import tensorflow.contrib.image
        print(mnist.read_data_sets is input_data.read_data_sets, tf.contrib.image.rotate.__name__)
        try:
            import tensorflow.contrib.slim
        except ImportError as error:
            print(error)
        """,
        "--tf1",
        "script.py",
    )
    lines = ran.stdout.splitlines()
    assert lines[:4] == ["[3.]", "True True", "[]", "True rotate"], ran.stderr
    assert "TensorFlow has no contrib any more" in lines[4]


@pytest.mark.slow
def test_a_test_suite_of_the_time_runs_by_pytest(start: Start, tmp_path: Path) -> None:
    (tmp_path / "test_layer.py").write_text(
        textwrap.dedent(
            """
            import pytest
            from keras.engine import Layer, InputSpec
            from keras.layers import Dense, Input
            from keras.utils.test_utils import get_test_data

            @pytest.mark.parametrize('units', [1, 3])
            def test_shape(units):
                assert Dense(units)(Input((2,)))._keras_shape == (None, units)

            def test_error():
                with pytest.raises(ValueError):
                    Dense(0)

            if __name__ == '__main__':
                pytest.main([__file__])
            """
        )
    )
    ran = start("", "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_layer.py")
    assert "3 passed" in ran.stdout, ran.stdout + ran.stderr
