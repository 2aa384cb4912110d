"""What a line is told beside its pictures: mistakes with a way out of them, and advice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from invoke_cli.models.catalog import Catalog
from invoke_cli.session.events import Tokens
from invoke_cli.session.session import Session
from tests.session.conftest import SHORT, Make, failure, notices


@pytest.mark.edge(23)
def test_sizes_that_do_not_fit_are_said(make_session: Make, sketch: Path) -> None:
    session = make_session(dry_run=True)
    assert "multiples of 8" in notices(session.run("a cat -W100"))
    assert "--fit" in notices(session.run("a cat -I sketch.png -W32"))
    assert "-f has no effect" in notices(session.run("a cat -f0.3"))
    assert "native" in notices(session.run("a cat -W32 -H32"))


def test_an_unknown_sampler_is_suggested(session: Session) -> None:
    failed = failure(session.run("a cat -Ak_eular"))
    assert "k_euler" in failed.error.hint
    assert failed.error.span is not None


def test_tokens_are_shown_on_request(session: Session) -> None:
    (shown,) = [event for event in session.run(f"{SHORT} [dull] -t") if isinstance(event, Tokens)]
    assert [text.part for text in shown.texts] == ["prompt", "negative"]
    assert [token.text for token in shown.texts[0].tokens] == ["a ", "cat "]


@pytest.mark.parametrize(
    "error", [RuntimeError("CUDA out of memory. Tried to allocate"), MemoryError(), RuntimeError("a bug")]
)
def test_too_little_memory_is_a_mistake_and_a_bug_is_a_bug(
    session: Session, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> object:
        raise error

    monkeypatch.setattr("invoke_cli.diffusion.bundle.Bundle.decode", fail)
    if "bug" in str(error):
        with pytest.raises(RuntimeError, match="a bug"):
            list(session.run(SHORT))
    else:
        failed = failure(session.run(SHORT))
        assert "64x64" in failed.error.message
        assert "-W" in failed.error.hint


def test_a_default_that_is_not_built_yet_is_refused_too(make_session: Make) -> None:
    failed = failure(make_session(inpaint_replace=0.5).run(SHORT))
    assert "not built yet" in failed.error.message
    assert not Path("outputs").exists()


def test_variations_and_a_default_of_several_pictures(make_session: Make) -> None:
    failed = failure(make_session(dry_run=True, iterations=2).run("x -S5 -V 12:0.3"))
    assert "-V names one picture" in failed.error.message


@pytest.mark.parametrize(
    ("switches", "said"),
    [
        ("-s10 -f0.7", True),
        ("-s10 -f0.7 -C4", False),
        ("-s50", False),
        ("-s10 -Ak_dpmpp_2", False),
        ("-f0", False),
    ],
)
def test_few_steps_at_a_high_scale_are_advised_against(
    make_session: Make, sketch: Path, switches: str, said: bool
) -> None:
    told = notices(make_session(dry_run=True).run(f"a cat -I sketch.png {switches}"))
    assert ("burn" in told) is said


@pytest.mark.parametrize(("scale", "advice"), [(7.5, None), (12, "-C 8")])
def test_milder_guidance_is_advised_against_later(
    make_session: Make, sketch: Path, scale: float, advice: str | None
) -> None:
    typical = make_session(dry_run=True)
    mild = replace(typical.models.active, name="mild", guidance_share=0.5)
    session = Session(replace(typical.settings, model="mild"), Catalog({"mild": mild}))
    told = notices(session.run(f"a cat -I sketch.png -s 10 -f 0.7 -C {scale}"))
    assert ("burn" in told) is (advice is not None)
    assert advice is None or advice in told
