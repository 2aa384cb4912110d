"""Prompts on their way to pictures: wildcards, blends, swaps, and mistakes in the user's own line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from invoke_cli.errors import InvokeError
from invoke_cli.models.wanted import Wanted
from invoke_cli.session.events import Failed, Tokens
from invoke_cli.session.session import Session
from invoke_cli.session.wildcard_files import WildcardFiles
from tests.session.conftest import Make, failure, notices, pixels, planned, saved

SHORT = "-s2 -W64 -H64"


@pytest.fixture
def animals(tmp_path: Path) -> Path:
    """Where the sessions of these tests look for wildcards."""
    folder = tmp_path / "wildcards"
    (folder / "more").mkdir(parents=True)
    (folder / "animal.txt").write_text("# all of them\ncat\n\n  dog  \ncow\n")
    (folder / "more" / "bird.txt").write_text("heron\n")
    (tmp_path / "secret.txt").write_text("secret\n")
    return folder


def prompts(session: Session, line: str) -> list[str]:
    return [picture.line.split(" -s ")[0] for picture in planned(session.run(line))]


def test_every_picture_has_words_of_its_own_and_keeps_them(make_session: Make, animals: Path) -> None:
    session = make_session()
    first, second, third = saved(session.run(f"a {{red|blue}} __animal__ {SHORT} -S 3 -n3"))
    lines = [one.line.split(" -s ")[0] for one in (first, second, third)]
    assert len(set(lines)) > 1
    assert not any(mark in line for line in lines for mark in "{|_")
    (again,) = saved(session.run(second.line))
    assert np.array_equal(pixels(again.path), pixels(second.path))
    assert again.line == second.line


def test_a_picture_alone_draws_the_words_it_has_in_a_series(make_session: Make, animals: Path) -> None:
    session = make_session(dry_run=True)
    series = planned(session.run(f"a __animal__ {SHORT} -S 3 -n4"))
    for picture in series:
        assert prompts(session, f"a __animal__ {SHORT} -S {picture.seed}") == [picture.line.split(" -s ")[0]]


@pytest.mark.parametrize("init", ["", "-I sketch.png"])
def test_variations_are_of_the_same_words(init: str, make_session: Make, animals: Path, sketch: Path) -> None:
    session = make_session(dry_run=True)
    for seed in range(4):
        line = f"a {{red|blue}} __animal__ {SHORT} {init} -S {seed} -n3 -v0.1"
        pictures = planned(session.run(line))
        assert len(pictures) == 3
        assert len({picture.line.split(" -s ")[0] for picture in pictures}) == 1


def test_wildcards_may_choose_any_other_language(make_session: Make, animals: Path) -> None:
    session = make_session(dry_run=True)
    assert prompts(session, f"{{a cat.swap(dog)|a cat.swap(cow)}} {SHORT} -S1")[0].startswith("a cat.swap(")
    assert "withLora" in failure(session.run(f"{{withLora(x)|withLora(x,1)}} a cat {SHORT}")).line


def test_wildcards_do_not_change_the_model_between_pictures(
    make_session: Make, animals: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = make_session(dry_run=True)
    find = "invoke_cli.session.worded.find_adapters"
    monkeypatch.setattr(find, lambda prompt, *_: Wanted(loras=prompt.positive))
    error = failure(session.run(f"a __animal__ {SHORT} -S 3 -n4")).error
    assert error.message.startswith("wildcards cannot choose other LoRAs")


@pytest.mark.parametrize(
    ("line", "under", "message"),
    [
        ("a __anmal__ -S1", "__anmal__", "there is no wildcard 'anmal'"),
        ("a __../secret__ -S1", "__../secret__", "a wildcard is named with letters"),
        ("a {red|red} cat [blurry -S1", "[", "this [ is never closed"),
        ("-S1 a cat -s 5 and a [dog", "[", "this [ is never closed"),
        ('"a cat [blurry" -S1', "[", "this [ is never closed"),
        ('--prompt "a cat [blurry" -S1', "[", "this [ is never closed"),
        ('("a", "b").blend(1) -S1', "1", ".blend() has 2 prompts"),
        ('"a" -s2 "b [c" d', "[", "this [ is never closed"),
    ],
)
def test_mistakes_are_placed_in_the_line(
    line: str, under: str, message: str, make_session: Make, animals: Path
) -> None:
    error = failure(make_session(dry_run=True).run(line)).error
    assert error.message.startswith(message)
    assert error.span is not None
    assert line[error.span.start : error.span.end] == under


def test_files_are_named_by_their_place(animals: Path) -> None:
    files = WildcardFiles(animals)
    assert files.names() == ["animal", "more/bird"]
    assert files.lines("animal") == ["cat", "dog", "cow"]
    assert files.lines("more/bird") == ["heron"]
    assert WildcardFiles(animals / "none").names() == []


@pytest.mark.parametrize(
    ("name", "hint"),
    [("anmal", "did you mean animal?"), ("bird", "did you mean more/bird?"), ("zzz", "there are: animal")],
)
def test_a_missing_file_is_told_with_what_is_like_it(name: str, hint: str, animals: Path) -> None:
    with pytest.raises(InvokeError) as caught:
        WildcardFiles(animals).lines(name)
    assert caught.value.hint.startswith(hint)


def test_empty_and_unreadable_files_are_told(animals: Path) -> None:
    (animals / "empty.txt").write_text("# nothing\n")
    (animals / "folder.txt").mkdir()
    for name in ("empty", "folder"):
        with pytest.raises(InvokeError):
            WildcardFiles(animals).lines(name)


@pytest.mark.parametrize(
    "prompt",
    [
        '("a cat", "a dog").blend(0.7, 0.3)',
        "a cat:0.7 a dog:0.3",
        '("a cat", "a dog [dull]").and(1, 0.5)',
        'a cat.swap("big dog", s_end=0.5) on a hill',
        "a (cat)0.5 and a dog++",
    ],
)
def test_pictures_of_the_whole_language_are_drawn_again(prompt: str, session: Session) -> None:
    (first,) = saved(session.run(f"{prompt} {SHORT} -S 2"))
    (again,) = saved(session.run(first.line))
    assert np.array_equal(pixels(first.path), pixels(again.path))
    (plain,) = saved(session.run(f"a cat {SHORT} -S 2"))
    assert not np.array_equal(pixels(first.path), pixels(plain.path))


def test_x_changes_old_blends(session: Session) -> None:
    (scaled,) = saved(session.run(f"a cat:0.3 a dog:0.3 {SHORT} -S 2"))
    (bare,) = saved(session.run(f"a cat:0.3 a dog:0.3 {SHORT} -S 2 -x"))
    assert not np.array_equal(pixels(scaled.path), pixels(bare.path))
    assert "alone makes no difference" in notices(session.run(f"a cat:0.4 {SHORT}"))


def test_tokens_of_all_texts_are_shown(session: Session) -> None:
    (shown,) = [
        event for event in session.run(f'("a", "b").blend(7, 3) [c] {SHORT} -t') if isinstance(event, Tokens)
    ]
    assert [text.part for text in shown.texts] == [
        "prompt, 0.7 of the blend",
        "prompt, 0.3 of the blend",
        "negative",
    ]
    events = list(session.run(f"a cat.swap(dog) {SHORT} -t"))
    assert not any(isinstance(event, Failed) for event in events)
    (shown,) = [event for event in events if isinstance(event, Tokens)]
    assert [text.part for text in shown.texts] == ["prompt", "prompt, swapped", "negative"]
