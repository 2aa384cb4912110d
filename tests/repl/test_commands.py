import pytest

from invoke_cli.errors import InvokeError
from invoke_cli.repl import commands
from invoke_cli.repl.commands import COMMANDS, Context, Page
from invoke_cli.session.events import Failed, Notice

HISTORY = ("a barn", "a cat -s10", "\x1b[2J")


def answer(line):
    return list(commands.answer(line, 1, Context(None, HISTORY, 80)))


def page(line):
    (event,) = answer(line)
    assert isinstance(event, Page)
    return event.text


def failure(line):
    (event,) = answer(line)
    assert isinstance(event, Failed)
    return event.error


@pytest.mark.parametrize("line", ["!help", " !history 3", "-h", "--help", "!12", "!", "!nonsense"])
def test_lines_for_commands(line):
    assert commands.is_command(line)


@pytest.mark.parametrize("line", ["a barn", "!dream a barn", "a barn -h", "-h 5", "what a day!", "- !help"])
def test_lines_that_are_prompts(line):
    assert not commands.is_command(line)


@pytest.mark.parametrize("line", ["!help", "-h", "--help"])
def test_help_shows_switches_and_commands(line):
    text = page(line)
    assert "--strength" in text
    assert all(name in text for name in COMMANDS)


@pytest.mark.parametrize("line", ["!help !history", "!help history"])
def test_help_about_a_command(line):
    assert page(line).startswith("!history [N]")


@pytest.mark.parametrize("line", ["!help strength", "!help --strength", "!help -f"])
def test_help_about_a_switch(line):
    assert "-f" in page(line)


def test_help_about_nothing_known_is_a_mistake():
    assert isinstance(failure("!help zzzz"), InvokeError)


def test_every_command_has_help_that_fits_its_width():
    assert all(command.help for _, command in COMMANDS.items())
    own = page("!help").split("\nCommands\n")[1]
    assert all(len(line) <= 80 for line in own.splitlines())


def test_history_is_numbered_and_harmless():
    assert page("!history").splitlines() == ["    1  a barn", "    2  a cat -s10", "    3  \\x1b[2J"]


def test_history_shows_the_last_lines():
    assert page("!history 2").splitlines()[0] == "    2  a cat -s10"


@pytest.mark.parametrize("count", ["0", "-1", "many", "1.5"])
def test_history_refuses_what_is_no_count(count):
    assert "takes a number" in failure(f"!history {count}").message


def test_an_empty_history_says_so():
    (event,) = commands.answer("!history", 1, Context(None, (), 80))
    assert event == Notice("the history is empty")


def test_an_unknown_command_is_marked_and_the_nearest_named():
    error = failure("  !hlep me")
    assert (error.span.start, error.span.end) == (2, 7)
    assert error.hint == "did you mean !help?"


def test_a_command_is_matched_as_a_whole_word():
    assert "no command called '!fixate'" in failure("!fixate pic.png").message


@pytest.mark.parametrize("line", ["!fix pic.png -U2", "!fetch x.png", "!12"])
def test_what_comes_later_says_so_in_one_sentence(line):
    error = failure(line)
    assert error.message.endswith("comes in a later version")
    assert "\n" not in error.message
