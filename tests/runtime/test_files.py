"""Files are replaced in one step."""

import builtins
import os
import signal
import stat
from pathlib import Path

import pytest

from kir.engine import saving
from runtime.files import ask_to_proceed_with_overwrite, may_write, replacing
from tests.processes import start_python


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def write(path: Path, content: str) -> None:
    with replacing(path) as beside:
        Path(beside).write_text(content)


def test_a_new_file_appears_with_its_content(tmp_path):
    write(tmp_path / "a", "new")
    assert (tmp_path / "a").read_text() == "new"
    assert names(tmp_path) == ["a"]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path):
    write(tmp_path / "a", "old")

    def fail_half_way():
        with replacing(tmp_path / "a") as beside:
            Path(beside).write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert (tmp_path / "a").read_text() == "old"
    assert names(tmp_path) == ["a"]


def test_the_old_file_is_whole_until_the_end(tmp_path):
    write(tmp_path / "a", "old")
    with replacing(tmp_path / "a") as beside:
        Path(beside).write_text("half")
        assert (tmp_path / "a").read_text() == "old"


def test_a_killed_writer_leaves_the_old_file(tmp_path):
    write(tmp_path / "a", "old")
    program = (
        "import os, signal\n"
        "from runtime.files import replacing\n"
        f"with replacing({str(tmp_path / 'a')!r}) as beside:\n"
        "    open(beside, 'w').write('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert start_python(program).returncode == -signal.SIGKILL
    assert (tmp_path / "a").read_text() == "old"


def test_what_killed_writers_left_is_removed_after_an_hour(tmp_path):
    old, new = tmp_path / ".a.00aa11bb22cc.tmp", tmp_path / ".a.00aa11bb22dd.tmp"
    other = tmp_path / ".a.h5.00aa11bb22cc.tmp"  # of another file
    for path, age in ((old, 3700), (new, 10), (other, 3700)):
        path.touch()
        os.utime(path, (path.stat().st_mtime - age,) * 2)
    write(tmp_path / "a", "new")
    assert names(tmp_path) == [new.name, other.name, "a"]


def test_a_symbolic_link_is_kept(tmp_path):
    write(tmp_path / "real", "old")
    (tmp_path / "link").symlink_to("real")
    write(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_permissions_are_those_of_the_old_file_or_the_default(tmp_path):
    write(tmp_path / "a", "old")
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o666 & ~mask
    (tmp_path / "a").chmod(0o640)
    write(tmp_path / "a", "new")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_folders_and_devices_are_never_replaced(tmp_path):
    with pytest.raises(IsADirectoryError, match="a folder of that name"):
        write(tmp_path, "x")
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with pytest.raises(OSError, match="a device"):
        write(fifo, "x")


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"folder .*none"):
        write(tmp_path / "none" / "a", "x")


@pytest.mark.parametrize(("answers", "agreed"), [(["y"], True), (["n"], False), (["?", "y"], True)])
def test_the_user_decides_about_overwriting(monkeypatch, capsys, answers, agreed):
    prompts = []

    def answer(prompt):
        prompts.append(prompt)
        return answers[len(prompts) - 1]

    monkeypatch.setattr(builtins, "input", answer)
    assert ask_to_proceed_with_overwrite("m.h5") is agreed
    assert prompts[0] == "[WARNING] m.h5 already exists - overwrite? [y/n]"
    assert prompts[1:] == ['Enter "y" (overwrite) or "n" (cancel).'] * (len(answers) - 1)
    assert ("overwrite=True" in capsys.readouterr().out) is agreed


def test_only_an_existing_file_is_asked_about(tmp_path, monkeypatch):
    monkeypatch.setattr(builtins, "input", lambda prompt: "n")
    assert may_write(tmp_path / "new", overwrite=False)
    (tmp_path / "old").touch()
    assert may_write(tmp_path / "old", overwrite=True)
    assert not may_write(tmp_path / "old", overwrite=False)


def test_a_program_may_answer_by_itself(tmp_path, monkeypatch):
    path = tmp_path / "old"
    path.touch()
    asked = []
    monkeypatch.setattr(saving, "ask_to_proceed_with_overwrite", asked.append)
    assert not may_write(path, overwrite=False)
    assert asked == [str(path)]


def test_without_a_terminal_the_question_is_an_error(tmp_path, monkeypatch):
    def closed(prompt):
        raise EOFError

    monkeypatch.setattr(builtins, "input", closed)
    with pytest.raises(FileExistsError, match="overwrite=True"):
        ask_to_proceed_with_overwrite("m.h5")
