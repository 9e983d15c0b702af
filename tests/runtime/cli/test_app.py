"""What holds for every command: help, versions, statuses, and messages instead of tracebacks."""

from __future__ import annotations

import pytest

from runtime.cli.app import COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_an_example(run, command):
    output = run(command, "--help").output
    assert f"Example:\n    kir {command} " in output
    assert "--debug" in output


def test_program_lists_its_commands(run):
    output = run("--help").output
    assert all(f"  {command} " in output for command in COMMANDS)


def test_version_names_kir_and_tensorflow(run):
    assert run("--version").output.startswith("kir ")


def test_usage_errors_have_status_2(run, mlp_json):
    assert "No such command 'sumary'" in run("sumary", status=2).stderr
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
