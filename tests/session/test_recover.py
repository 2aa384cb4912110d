"""Lines from pictures: ours, InvokeAI's and AUTOMATIC1111's, and pictures to start from that have moved."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from invoke_cli.errors import MetadataError, PictureError
from invoke_cli.language.grammar import parse, write
from invoke_cli.language.request import Request
from invoke_cli.session.recover import Here, Recovered, for_the_prompt, recover
from invoke_cli.session.session import Session
from tests.session.conftest import Make, failure, notices, pixels, planned, saved

LINE = "a cat -s3 -W64 -H64 -S7"


def fetched(path: Path) -> Recovered:
    return recover(path, Here(Path("outputs/img-samples"), path.name))


def foreign(path: Path, size: tuple[int, int] = (64, 64), **texts: str) -> Path:
    info = PngInfo()
    for name, text in texts.items():
        info.add_text(name.replace("_", "-"), text)
    Image.new("RGB", size).save(path, pnginfo=info)
    return path


@pytest.mark.edge(31, 32)
def test_a_line_that_is_fetched_and_run_gives_the_same_pixels(session: Session, sketch: Path) -> None:
    shutil.copy(sketch, "my sketch.png")
    line = f'a "quoted" cat, it\'s - nice [blurry] -I "my sketch.png" -f0.6 --fit {LINE[5:]}'
    (first,) = saved(session.run(line))
    back = fetched(first.path)
    assert back.line == first.line
    assert (back.program, len(back.notices)) == ("invoke-cli", 1)  # that the model has another name here
    assert np.array_equal(pixels(saved(session.run(back.line))[0].path), pixels(first.path))


def test_the_line_for_the_prompt_is_short_and_gives_the_same_pixels(session: Session, sketch: Path) -> None:
    (first,) = saved(session.run(f"a cat -I {sketch.name} -f0.5 -s3 -S7 --karras_max 5"))
    short = for_the_prompt(fetched(first.path), session.defaults)
    assert short == "a cat -s 3 -S 7 -W 96 -H 64 -C 7.5 -A k_lms --karras_max 5 -I sketch.png -f 0.5"
    assert np.array_equal(pixels(saved(session.run(short))[0].path), pixels(first.path))
    session.choose(Request(karras_max=9, threshold=1.0))
    kept = parse(for_the_prompt(fetched(first.path), session.defaults))
    assert (kept.karras_max, kept.threshold, kept.perlin) == (5, 0, None)
    assert np.array_equal(pixels(saved(session.run(write(kept)))[0].path), pixels(first.path))


def test_the_model_is_told_only_where_it_is_another(session: Session) -> None:
    (first,) = saved(session.run(LINE))
    name = session.models.active.name
    assert recover(first.path, Here(session.outdir, name)).notices == ()
    (told,) = recover(first.path, Here(session.outdir, "demo", ("demo", name))).notices
    assert told == f"drawn with the model {name}; !switch {name} draws with it"
    (told,) = recover(first.path, Here(session.outdir, "demo")).notices
    assert told == f"drawn with the model {name}"


@pytest.mark.edge(36)
def test_a_file_that_changes_is_read_anew_and_the_line_alone_is_enough(tmp_path: Path) -> None:
    path = foreign(tmp_path / "a.png", Dream="a cat -s 5 -S 3 -W 64 -H 64 -C 7.5 -A k_lms")
    assert fetched(path).request.prompt == "a cat"
    foreign(path, Dream="a dog -s 5 -S 3 -W 64 -H 64 -C 7.5 -A k_lms")
    assert fetched(path).request.prompt == "a dog"


def test_who_drew_it_and_what_is_lost_is_said(tmp_path: Path) -> None:
    text = "a cat\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 1, Model: deli, Clip skip: 2, ENSD: 31337"
    back = fetched(foreign(tmp_path / "a.png", parameters=text))
    assert back.notices == (
        "drawn by AUTOMATIC1111 with the model deli",
        "not carried over: Clip skip 2; ENSD 31337",
    )


def test_a_picture_without_a_word_of_its_making(tmp_path: Path) -> None:
    with pytest.raises(MetadataError, match="does not say how it was made"):
        fetched(foreign(tmp_path / "a.png"))
    with pytest.raises(PictureError, match="there is no picture"):
        fetched(tmp_path / "b.png")
    with pytest.raises(MetadataError, match=r"no more of its making than .*!fix a\.png -U 2"):
        fetched(foreign(tmp_path / "a.png", Dream="!fix a.png -U 2"))


@pytest.mark.edge(37)
def test_the_size_is_that_of_the_picture_and_not_the_one_asked_for(tmp_path: Path) -> None:
    line = "a cat -s 5 -S 3 -W 500 -H 520 -C 7.5 -A k_lms"
    back = fetched(foreign(tmp_path / "a.png", (448, 512), Dream=line))
    assert (back.request.width, back.request.height) == (448, 512)
    assert parse(back.line) == back.request
    assert back.notices[-1].startswith("500x520 was asked for")
    enlarged = fetched(foreign(tmp_path / "b.png", (1000, 1040), Dream=line))
    assert (enlarged.request.width, enlarged.request.height) == (500, 520)


class TestInitPictures:
    """`-I` of a stored line names a file, which may be anywhere by now."""

    @pytest.fixture
    def drawn(self, session: Session, sketch: Path) -> Path:
        (picture,) = saved(session.run(f"a cat -I {sketch.name} -f0.5 -s3 -S7"))
        return picture.path

    def said(self, drawn: Path) -> str:
        return "\n".join(fetched(drawn).notices[1:])

    def test_one_that_is_still_there(self, drawn: Path) -> None:
        assert self.said(drawn) == ""

    def test_one_that_has_changed(self, drawn: Path, sketch: Path) -> None:
        Image.new("RGB", (96, 64)).save(sketch)
        assert self.said(drawn) == (
            "sketch.png is not the picture that it was drawn from: its content has changed (-I)"
        )

    def test_one_that_is_gone(self, drawn: Path, sketch: Path) -> None:
        sketch.unlink()
        assert self.said(drawn) == "there is no picture sketch.png any more (-I)"
        assert fetched(drawn).request.init_img == "sketch.png"

    def test_one_that_has_moved_beside_the_picture(self, drawn: Path, sketch: Path) -> None:
        moved = drawn.parent / "sketch.png"
        shutil.move(sketch, moved)
        back = fetched(drawn)
        assert (back.request.init_img, parse(back.line)) == (str(moved), back.request)
        assert f"sketch.png was found as {moved}" in self.said(drawn)

    def test_the_one_with_the_right_content_is_taken(self, drawn: Path, sketch: Path) -> None:
        shutil.copy(sketch, drawn.parent / "sketch.png")
        Image.new("RGB", (96, 64)).save(sketch)
        assert fetched(drawn).request.init_img == str(drawn.parent / "sketch.png")

    def test_one_of_an_invokeai(self, sketch: Path, tmp_path: Path) -> None:
        image = {"prompt": "a cat", "type": "img2img", "orig_hash": hashlib.sha256(b"other").hexdigest()}
        line = f"a cat -s 5 -S 3 -W 64 -H 64 -C 7.5 -I {sketch} -A k_lms -f 0.5"
        path = foreign(tmp_path / "a.png", Dream=line, sd_metadata=json.dumps({"image": image}))
        assert "its content has changed" in self.said(path)


class TestPromptsOfInitPictures:
    """`-I picture.png` without a prompt takes the one that the picture was made with."""

    @pytest.mark.edge(30)
    @pytest.mark.parametrize("named", ["-1", "{name}"])
    def test_of_the_last_one_and_of_a_bare_name(self, session: Session, named: str) -> None:
        (first,) = saved(session.run(LINE))
        events = list(session.run(f"-I {named.format(name=first.path.name)} -f0.5 -s3"))
        assert parse(planned(events)[0].line).prompt == "a cat"
        assert f"the prompt comes from {first.path}: a cat" in notices(events)

    def test_a_mistake_in_it_says_where_it_comes_from(self, make_session: Make, tmp_path: Path) -> None:
        text = "a <lora:nothing:1>\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 1"
        foreign(tmp_path / "a.png", parameters=text)
        error = failure(make_session(dry_run=True).run("-I a.png -f0.5")).error
        assert error.hint.endswith("the prompt comes from a.png; type one to use another")

    def test_of_another_program(self, make_session: Make, tmp_path: Path) -> None:
        text = "a (cat:1.2)\nNegative prompt: dog\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 1"
        foreign(tmp_path / "a.png", parameters=text)
        events = list(make_session(dry_run=True).run("-I a.png -f0.5"))
        assert parse(planned(events)[0].line).prompt == "a (cat)1.2 [dog]"
        assert "where AUTOMATIC1111 wrote it" in notices(events)


@pytest.mark.edge(29)
def test_a_line_that_fails_does_not_forget_what_was_made_before(session: Session) -> None:
    (first,) = saved(session.run(LINE))
    list(session.run("a cat -f 75"))
    list(session.run("a cat -I nothing-there.png"))
    (again,) = planned(session.run("a cat -I-1 -S-1 -f0.5 -s3"))
    assert parse(again.line).init_img == str(first.path)
    assert again.seed == 7
