"""What is said after Ctrl-C."""

import pytest

from invoke_cli.repl.runner import Runner
from invoke_cli.session.events import Fetching, Notice


def interrupt():
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([Notice("waiting for the model")], "stopped"),
        (
            [Fetching("o/a\x1b", 1, 2)],
            "stopped, and so is fetching o/a\\x1b; files that are here whole are kept",
        ),
        ([Fetching("org/a", 2, 2), Notice("loaded")], "stopped"),
        ([Fetching("org/a", 1, 2), Fetching("org/a", 2, 2)], "stopped"),  # it is being loaded
    ],
)
def test_a_download_that_was_stopped_is_named(fakes, text_console, events, said):
    captured = text_console()
    outcome = Runner(fakes.Session([*events, interrupt]), captured.console).run("a barn", 1)
    assert outcome.stopped
    assert captured.err.getvalue().splitlines()[-1] == said


def test_finished_pictures_are_counted(fakes, text_console):
    captured = text_console()
    Runner(fakes.Session([fakes.saved(1), fakes.saved(2), interrupt]), captured.console).run("a barn", 1)
    assert captured.err.getvalue() == "stopped; 2 finished pictures are kept\n"
