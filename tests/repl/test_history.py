import os
import sys

import pytest

from invoke_cli.repl.history import LineHistory

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="file modes are a POSIX matter")


@pytest.fixture
def file(tmp_path):
    return tmp_path / "pictures" / ".invoke_history"


def mode(file):
    return file.stat().st_mode & 0o777


@posix_only
def test_only_the_owner_can_read_it_from_the_start(file):
    before = os.umask(0)
    try:
        LineHistory(file).append_string("a barn")
    finally:
        os.umask(before)
    assert mode(file) == 0o600


@posix_only
def test_a_file_that_others_could_read_is_closed_to_them(file):
    file.parent.mkdir()
    file.write_text("a barn\n")
    file.chmod(0o644)
    LineHistory(file)
    assert mode(file) == 0o600


@pytest.mark.edge(44)
def test_each_line_is_in_the_file_at_once_and_comes_back(file):
    history = LineHistory(file)
    history.append_string("a barn")
    history.append_string("木 -s10")
    assert file.read_text(encoding="utf-8") == "a barn\n木 -s10\n"
    assert LineHistory(file).lines == ["a barn", "木 -s10"]
    assert list(LineHistory(file).load_history_strings()) == ["木 -s10", "a barn"]


@pytest.mark.edge(44)
def test_the_same_line_twice_in_a_row_is_kept_once(file):
    history = LineHistory(file)
    for line in ["a", "a", "b", "a", " a "]:
        history.append_string(line)
    assert history.lines == ["a", "b", "a"]


def test_leaving_and_blank_lines_are_not_kept(file):
    history = LineHistory(file)
    for line in ["q", " q ", "", "  ", "!12"]:
        history.append_string(line)
    assert history.lines == []


def test_a_line_with_a_line_break_stays_one_entry(file):
    LineHistory(file).append_string("a barn\nat dusk")
    assert LineHistory(file).lines == ["a barn at dusk"]


@pytest.mark.parametrize("content", [b"a\xff\xfebarn\n", b"a\0barn\n"])
def test_a_damaged_file_is_moved_aside_and_said(file, content):
    file.parent.mkdir()
    file.write_bytes(content)
    history = LineHistory(file)
    assert history.lines == []
    assert (file.parent / ".invoke_history.old").read_bytes() == content
    assert ".invoke_history.old" in history.take_notices()[0].text
    history.append_string("a barn")
    assert LineHistory(file).lines == ["a barn"]


def test_a_folder_in_its_place_is_moved_aside(file):
    file.mkdir(parents=True)
    history = LineHistory(file)
    history.append_string("a barn")
    assert file.read_text() == "a barn\n"


def test_where_nothing_can_be_written_the_session_goes_on(tmp_path):
    (tmp_path / "pictures").write_text("a file where the folder should be")
    history = LineHistory(tmp_path / "pictures" / ".invoke_history")
    history.append_string("a barn")
    history.append_string("a cat")
    assert history.lines == ["a barn", "a cat"]
    assert len(history.take_notices()) == 1
    assert history.take_notices() == []


def test_a_very_long_history_keeps_its_newest_lines(file, monkeypatch):
    monkeypatch.setattr("invoke_cli.repl.history._KEPT", 1000)
    file.parent.mkdir()
    file.write_text("".join(f"line {number}\n" for number in range(1200)))
    assert LineHistory(file).lines[0] == "line 200"
    assert len(file.read_text().splitlines()) == 1000
    assert list(file.parent.iterdir()) == [file]
