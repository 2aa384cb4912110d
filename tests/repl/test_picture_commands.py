"""`!fetch`, `!replay`, `!show` and `!grid` on files, in a session that draws nothing."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from invoke_cli.imaging.metadata import encode_png, pack
from invoke_cli.language.grammar import parse
from invoke_cli.models.catalog import Catalog
from invoke_cli.repl import commands
from invoke_cli.repl.app import run_lines
from invoke_cli.repl.commands import Context, Replay
from invoke_cli.session.events import Ask, Failed, Line, Notice, Saved
from invoke_cli.session.session import Session
from invoke_cli.settings import Settings

OUT = Path("outputs/img-samples")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Three pictures, of which one says nothing of its making."""
    monkeypatch.chdir(tmp_path)
    OUT.mkdir(parents=True)
    draw(OUT / "000002.7.png", "a cat -s 5 -S 7", (16, 8))
    draw(OUT / "000010.8.png", "a dog -s 5 -S 8", (8, 8))
    Image.new("RGB", (8, 8)).save(OUT / "plain.png")


def draw(path, line, size):
    width, height = size
    rgb = np.full((height, width, 3), 200, np.uint8)
    path.write_bytes(encode_png(rgb, pack(line, {"model": {"name": "tiny"}})))


@pytest.fixture
def session(tiny_model):
    return Session(Settings(model=str(tiny_model), device="cpu"), Catalog({}))


@pytest.fixture
def run(session):
    def run(line, *replies, dry_run=False):
        session.dry_run = dry_run
        answer = commands.answer(line, 3, Context(session, (), 100))
        events, reply, waiting = [], None, list(replies)
        while True:
            try:
                events.append(answer.send(reply))
            except StopIteration:
                return events
            reply = waiting.pop(0) if isinstance(events[-1], Ask) else None

    return run


def failure(events):
    (failed,) = [event for event in events if isinstance(event, Failed)]
    return failed.error


def lines(events):
    return [event.text for event in events if isinstance(event, Line)]


class TestFetch:
    @pytest.mark.parametrize("named", ["outputs/img-samples/000002.7.png", "000002.7.png", "'000002.7.png'"])
    def test_the_line_of_a_picture(self, run, named):
        assert lines(run(f"!fetch {named}")) == ["a cat -s 5 -S 7"]

    @pytest.mark.edge(46)
    @pytest.mark.parametrize("named", ["my own cat.png", "'my own cat.png'"])
    def test_blanks_in_a_name_need_no_quotes(self, run, named):
        draw(Path("my own cat.png"), "a cat", (8, 8))
        assert lines(run(f"!fetch {named}")) == ["a cat"]

    def test_a_pattern_that_fits_one(self, run):
        assert lines(run("!fetch 000002*")) == ["a cat -s 5 -S 7"]

    def test_a_pattern_that_fits_several_needs_a_file(self, run):
        assert failure(run("!fetch *.png")).message == "3 pictures fit *.png"

    def test_lines_of_all_that_fit_go_into_a_prompt_file_in_the_order_of_numbers(self, run):
        (written, left_out) = run("!fetch *.png lines.txt")
        assert written == Notice(f"2 lines written to {OUT / 'lines.txt'}; !replay runs them")
        assert left_out == Notice(f"left out: {OUT / 'plain.png'} does not say how it was made")
        rows = (OUT / "lines.txt").read_text().splitlines()
        assert [row for row in rows if not row.startswith("#")] == ["a cat -s 5 -S 7", "a dog -s 5 -S 8"]
        assert rows[0] == f"# {OUT / '000002.7.png'}"

    def test_a_file_that_is_there_is_only_written_over_when_asked(self, run):
        (OUT / "lines.txt").write_text("mine")
        asked, stays = run("!fetch 000002.7.png 000010.8.png lines.txt", False)
        assert asked == Ask(f"{OUT / 'lines.txt'} is there already; write over it?")
        assert (OUT / "lines.txt").read_text() == "mine"
        assert "stays as it was" in stays.text
        run("!fetch 000002.7.png 000010.8.png lines.txt", True)
        assert "a dog -s 5" in (OUT / "lines.txt").read_text()

    def test_a_picture_is_never_taken_for_the_file_to_write(self, run):
        before = (OUT / "000010.8.png").read_bytes()
        assert "is a picture" in failure(run("!fetch 000002.7.png 000010.8.png")).message
        assert (OUT / "000010.8.png").read_bytes() == before

    def test_a_picture_of_another_program_says_what_is_lost(self, run):
        text = "a cat\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 1, Clip skip: 2"
        rgb = np.zeros((8, 8, 3), np.uint8)
        Path("other.png").write_bytes(encode_png(rgb, {"parameters": text}))
        who, lost, line = run("!fetch other.png")
        assert (who.text, lost.text) == ("drawn by AUTOMATIC1111", "not carried over: Clip skip 2")
        assert parse(line.text).sampler == "k_euler"

    @pytest.mark.parametrize(
        ("line", "words"),
        [
            ("!fetch", "needs a picture"),
            ("!fetch -1", "nothing has been drawn yet"),
            ("!fetch 000002.8.png", "there is no picture 000002.8.png"),
            ("!fetch plain.png", "does not say how it was made"),
            ("!fetch x*.png", "no file fits x*.png"),
            ("!fetch 'open", "a quote is not closed"),
            ("!fetch plain.png plain.png lines.txt", "none of the 1 pictures says"),
        ],
    )
    def test_mistakes_are_one_sentence(self, run, line, words):
        assert words in failure(run(line)).message

    def test_a_dry_run_writes_nothing(self, run):
        assert "dry run" in failure(run("!fetch *.png lines.txt", dry_run=True)).message
        assert not (OUT / "lines.txt").exists()


class TestReplay:
    def test_the_lines_of_a_file(self, run):
        Path("lines.txt").write_text("# a comment\na cat\n")
        (replay,) = run("!replay lines.txt")
        assert (replay.path, list(replay.lines)) == (
            Path("lines.txt").resolve(),
            [(1, "# a comment"), (2, "a cat")],
        )

    def test_a_file_in_the_folder_of_pictures_and_one_with_blanks(self, run):
        (OUT / "my lines.txt").write_text("a cat\n")
        assert [type(event) for event in run("!replay my lines.txt")] == [Replay]

    def test_a_picture_is_drawn_again(self, run):
        (replay,) = run("!replay 000002.7.png")
        assert list(replay.lines) == [(1, "a cat -s 5 -S 7")]

    def test_a_changed_init_picture_is_said(self, run):
        Image.new("RGB", (8, 8)).save("sketch.png")
        facts = {"model": {"name": "tiny"}, "init": {"name": "sketch.png", "sha256": "0" * 64}}
        content = encode_png(np.zeros((8, 8, 3), np.uint8), pack("a cat -I sketch.png", facts))
        Path("old.png").write_bytes(content)
        notice, _ = run("!replay old.png")
        assert "its content has changed (-I)" in notice.text

    @pytest.mark.edge(46)
    def test_a_missing_file_is_one_line(self, run):
        (OUT.parent.parent / "lines.txt").write_text("a cat\n")
        error = failure(run("!replay line.txt"))
        assert (error.message, error.hint) == (
            "there is no file line.txt to replay",
            "did you mean lines.txt?",
        )

    def test_nothing_at_all(self, run):
        assert "needs a file" in failure(run("!replay")).message


class TestReplayedLines:
    """What becomes of the lines, on a scripted session."""

    def test_they_run_as_if_they_stood_there(self, fakes, json_console, tmp_path):
        Path("inner.txt").write_text("two\n# aside\nq\nnever\n")
        session = fakes.Session(outdir=OUT)
        lines = list(enumerate(["one", "!replay inner.txt", "three"], start=1))
        assert run_lines(session, json_console.console, lines) == 0
        assert session.lines == [(1, "one"), (1, "two"), (3, "three")]
        assert json.loads(json_console.out.getvalue().splitlines()[-1])["pictures"] == 3

    def test_a_file_that_replays_itself_is_stopped(self, fakes, json_console):
        Path("a.txt").write_text("!replay b.txt\none\n")
        Path("b.txt").write_text("!replay a.txt\ntwo\n")
        session = fakes.Session(outdir=OUT)
        assert run_lines(session, json_console.console, [(1, "!replay a.txt")]) == 1
        assert [line for _, line in session.lines] == ["two", "one"]
        assert "is being replayed already" in json_console.out.getvalue()


class TestShow:
    def test_a_picture_and_how_it_was_made(self, run):
        (shown,) = run("!show 000002.7.png")
        assert (shown.path, shown.size, shown.line) == (OUT / "000002.7.png", (16, 8), "a cat -s 5 -S 7")
        assert (shown.program, shown.model, shown.notes) == ("invoke-cli", "tiny", ())
        assert shown.rgb.shape == (8, 16, 3)

    def test_one_that_says_nothing(self, run):
        (shown,) = run("!show plain.png")
        assert (shown.line, shown.notes) == ("", (f"{OUT / 'plain.png'} does not say how it was made",))

    def test_it_is_told_on_a_console(self, run, text_console, json_console):
        (shown,) = run("!show 000002.7.png")
        captured = text_console()
        captured.console.show(shown)
        head = f"{OUT / '000002.7.png'}: 16x8, drawn by invoke-cli with the model tiny\n"
        assert captured.text == head + "  a cat -s 5 -S 7\n"
        json_console.console.show(shown)
        told = json.loads(json_console.out.getvalue())
        assert (told["event"], told["line"], told["width"]) == ("shown", "a cat -s 5 -S 7", 16)

    @pytest.mark.parametrize(
        ("line", "words"),
        [
            ("!show", "nothing has been drawn yet"),
            ("!show a.png", "there is no picture a.png"),
            ("!show 000002.7.png plain.png", "one picture is shown at a time"),
        ],
    )
    def test_mistakes(self, run, line, words):
        assert words in failure(run(line)).message


class TestGrid:
    def test_pictures_of_several_sizes_on_one_sheet(self, run):
        saved, notice = run("!grid *.png --columns 2")
        assert isinstance(saved, Saved)
        assert (saved.kind, saved.line_number, saved.path) == ("grid", 3, OUT / "000011.grid.png")
        with Image.open(saved.path) as sheet:
            assert sheet.size == (32, 16)
            assert sheet.getpixel((8, 4)) == (200, 200, 200)
            assert sheet.getpixel((17, 4)) == (0, 0, 0)  # the narrower one stands in the middle
            assert sheet.getpixel((22, 4)) == (200, 200, 200)
        assert notice == Notice("1 of 3 pictures do not say how they were made")
        (lost, line) = run("!fetch 000011.grid.png")
        assert (line.text, "grid of 2 pictures" in lost.text) == ("a cat -s 5 -S 7", True)
        run("!fetch 000011.grid.png lines.txt")
        rows = (OUT / "lines.txt").read_text().splitlines()
        assert rows[-2:] == ["a cat -s 5 -S 7", "a dog -s 5 -S 8"]

    def test_a_name_of_its_own_which_is_never_written_over(self, run):
        (saved,) = run("!grid 000002.7.png 000010.8.png --out both --names")
        assert saved.path == OUT / "both.png"
        assert "is there already" in failure(run("!grid 000002.7.png --out both.png")).message

    def test_the_last_pictures(self, run, session):
        session._past.pictures = tuple(sorted(OUT.glob("0*.png")))
        (saved,) = run("!grid -2.. --size 4")
        assert saved.rgb.shape == (4, 8, 3)

    @pytest.mark.parametrize(
        ("line", "words"),
        [
            ("!grid", "needs pictures"),
            ("!grid -1..", "nothing has been drawn yet"),
            ("!grid *.png --columns none", "--columns goes from 1 to 1000"),
            ("!grid *.png --colums 2", "no switch --colums"),
            ("!grid *.png --out sheet.jpg", "a sheet is a PNG file"),
            ("!grid lines.txt", "there is no picture lines.txt"),
        ],
    )
    def test_mistakes(self, run, line, words):
        assert words in failure(run(line)).message

    def test_a_sheet_beyond_all_measure(self, run, monkeypatch):
        monkeypatch.setattr("invoke_cli.imaging.contact.MOST_PIXELS", 100)
        error = failure(run("!grid *.png"))
        assert (error.message, "--size" in error.hint) == ("the sheet would have 48 x 8 pixels", True)
