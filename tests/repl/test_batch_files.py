import io
import os
import threading
from pathlib import Path

import pytest

from invoke_cli.errors import BatchError
from invoke_cli.session.batch import lines_of


def texts(content):
    return list(lines_of(io.BytesIO(content)))


@pytest.mark.parametrize(
    "content",
    [
        b"a barn\nth\xc3\xa9\n",
        b"\xef\xbb\xbfa barn\nth\xc3\xa9\n",
        b"a barn\r\nth\xc3\xa9\r\n",
        b"a barn\nth\xc3\xa9",
    ],
    ids=["plain", "byte order mark", "CRLF", "no final newline"],
)
def test_every_common_way_to_store_lines_reads_the_same(content):
    assert texts(content) == [(1, "a barn"), (2, "thé")]


def test_blank_lines_are_counted():
    assert texts(b"\n\na barn\n") == [(1, ""), (2, ""), (3, "a barn")]


def test_line_separators_inside_a_prompt_do_not_end_the_line():
    assert texts("a\u2028b\x0cc\n".encode()) == [(1, "a\u2028b\x0cc")]


def test_a_line_that_is_not_utf8_is_named_and_the_others_are_read():
    first, second, third = texts(b"a barn\ncaf\xe9\na cat\n")
    assert first == (1, "a barn")
    assert third == (3, "a cat")
    number, error = second
    assert number == 2
    assert isinstance(error, BatchError)
    assert error.message == "byte 4 of line 2 is 0xe9, which is not text in UTF-8"


@pytest.mark.parametrize(
    "content", ["a barn\n".encode("utf-16"), b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\nx\ny\n"]
)
def test_a_file_that_is_no_text_fails_once(content):
    errors = [line for _, line in texts(content) if isinstance(line, BatchError)]
    assert 1 <= len(errors) <= 2
    assert "UTF-8" in errors[-1].hint


def test_a_file_is_read_and_closed(tmp_path):
    prompts = tmp_path / "prompts.txt"
    prompts.write_bytes(b"a barn\n")
    assert list(lines_of(prompts)) == [(1, "a barn")]


@pytest.mark.parametrize("name", ["missing.txt", ".", "a\0b"])
def test_a_file_that_cannot_be_opened_is_refused_at_once(tmp_path, name):
    with pytest.raises(BatchError, match="cannot be read"):
        lines_of(tmp_path / name)


def test_the_home_directory_may_be_abbreviated(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "prompts.txt").write_bytes(b"a barn")
    assert list(lines_of(Path("~/prompts.txt"))) == [(1, "a barn")]


def test_a_pipe_that_trickles_is_read_line_by_line():
    reading, writing = os.pipe()
    first_seen = threading.Event()

    def trickle():
        os.write(writing, b"a barn\n")
        assert first_seen.wait(5)
        os.write(writing, b"a cat\n")
        os.close(writing)

    writer = threading.Thread(target=trickle)
    writer.start()
    with os.fdopen(reading, "rb") as stream:
        lines = lines_of(stream)
        assert next(lines) == (1, "a barn")
        first_seen.set()
        assert next(lines) == (2, "a cat")
    writer.join()


def test_lines_behind_are_seen_without_being_taken(tmp_path):
    prompts = tmp_path / "prompts.txt"
    prompts.write_bytes(b"a barn\n\na cat\n\xff\nlast")
    lines = lines_of(prompts)
    assert next(lines) == (1, "a barn")
    *texts, _, last = lines.ahead()
    assert texts == ["", "a cat"]
    assert last == "last"
    assert list(lines.ahead())[:2] == ["", "a cat"]
    assert next(lines) == (2, "")
    assert next(lines) == (3, "a cat")
    assert [number for number, _ in lines] == [4, 5]


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot ask a pipe whether anything is in it")
def test_nobody_waits_for_the_lines_behind_in_a_pipe():
    out, into = os.pipe()
    with open(out, "rb") as stream, open(into, "wb", buffering=0) as writer:
        lines = lines_of(stream)
        writer.write(b"a barn\na cat\na d")
        assert next(lines) == (1, "a barn")
        assert list(lines.ahead()) == ["a cat"]
        writer.write(b"og\n")
        assert list(lines.ahead()) == ["a cat", "a dog"]
        assert next(lines) == (2, "a cat")
        assert next(lines) == (3, "a dog")
        assert list(lines.ahead()) == []
        writer.write(b"last")
        writer.close()
        assert list(lines.ahead()) == ["last"]
        assert list(lines) == [(4, "last")]
