"""What holds for every command: help, versions, statuses, and messages instead of tracebacks."""

from __future__ import annotations

import re

import pytest

from runtime.cli.app import COMMANDS
from tests.processes import run_python

HELP_SECONDS = 0.2


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_an_example(run, command):
    output = run(command, "--help").output
    assert re.search(rf"Examples?:\n    kir {command}\b", output)
    assert "--debug" in output


def test_program_lists_its_commands(run):
    output = run("--help").output
    assert all(f"  {command} " in output for command in COMMANDS)
    assert "..." not in output.partition("Commands:")[2]  # each says in one line what it does


def test_help_is_fast_and_loads_nothing_heavy():
    source = """
import resource, sys
from runtime.cli import main
for command in ("--help", "check", "train"):
    main([command, "--help"], standalone_mode=False)
assert not {"numpy", "tensorflow", "h5py", "rich", "yaml"} & set(sys.modules), sys.modules.keys()
usage = resource.getrusage(resource.RUSAGE_SELF)
print(usage.ru_utime + usage.ru_stime)
"""
    # In seconds of this process, which other processes on the machine do not lengthen.
    assert min(float(run_python(source).splitlines()[-1]) for _ in range(3)) < HELP_SECONDS


def test_version_names_kir_and_tensorflow(run):
    assert run("--version").output.startswith("kir ")


def test_usage_errors_have_status_2(run, mlp_json):
    said = run("sumary", status=2).stderr
    assert "No such command 'sumary'. Did you mean 'summary'?" in said
    assert "No such command 'xyz'" in run("xyz", status=2).stderr
    assert "does not exist" in run("summary", "absent.json", status=2).stderr
    assert "No such option" in run("summary", mlp_json, "--jsn", status=2).stderr


def test_error_is_one_message_without_traceback(run, tmp_path):
    path = tmp_path / "broken.json"
    path.write_text('{"class_name": ')
    result = run("summary", path, status=1)
    assert result.stderr.startswith("Error: The text is no JSON")
    assert str(path) in result.stderr
    assert "Traceback" not in result.stderr
    assert not result.stdout


@pytest.mark.parametrize("place", ["before", "after"])
def test_debug_shows_the_traceback(run, tmp_path, place):
    path = tmp_path / "broken.json"
    path.write_text("{")
    arguments = ["--debug", "summary", path] if place == "before" else ["summary", path, "--debug"]
    assert "Traceback (most recent call last)" in run(*arguments, status=1).stderr


def test_missing_folder_is_an_error_of_the_users(run, mlp_json, tmp_path):
    result = run("convert", mlp_json, tmp_path / "absent" / "mlp.yaml", status=1)
    assert "there is no folder" in result.stderr
