import pytest

from invoke_cli.errors import InvokeError
from invoke_cli.language.grammar import read
from invoke_cli.language.prompts import split
from invoke_cli.language.switches import table
from invoke_cli.language.syntax import FORMS, LISTS
from invoke_cli.repl import commands
from invoke_cli.repl.commands import COMMANDS, Context, Page
from invoke_cli.repl.commands.topics import TOPICS
from invoke_cli.repl.listings import listing
from invoke_cli.session.events import Ask, Failed, Line, Notice

HISTORY = ("a barn", "a cat -s10", "\x1b[2J")


def answer(line):
    return list(commands.answer(line, 1, Context(None, HISTORY, 80)))


def page(line):
    (event,) = answer(line)
    assert isinstance(event, Page)
    return event.text


def listed(line, history=HISTORY):
    (event,) = commands.answer(line, 1, Context(None, history, 80))
    return listing(event)


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


@pytest.mark.parametrize("line", ["!help !explain", "!help explain"])
def test_help_about_a_command(line):
    assert page(line).startswith("!explain LINE")


@pytest.mark.parametrize("topic", list(TOPICS))
@pytest.mark.parametrize("width", [60, 100])
def test_every_topic_has_something_to_say_and_fits(topic, width):
    (event,) = commands.answer(f"!help {topic}", 1, Context(None, HISTORY, width))
    assert len(event.text.splitlines()) > 2
    assert all(len(line) <= width for line in event.text.splitlines())


def test_every_group_of_switches_and_every_command_belongs_to_a_topic():
    shown = {group for topic in TOPICS.values() for group in topic.groups}
    assert {switch.group for switch in table()} == shown
    modules = {module for topic in TOPICS.values() for module in topic.commands}
    assert {command.topic for _, command in COMMANDS.items()} == modules


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.example)
def test_every_form_of_prompts_that_help_shows_is_understood(form):
    assert split(form.example).positive


@pytest.mark.parametrize("form", LISTS, ids=lambda form: form.example)
def test_every_list_that_help_shows_is_understood(form):
    assert read(form.example).axes


def test_a_topic_with_a_slip_is_guessed():
    assert failure("!help img2imgs").hint == "did you mean img2img?"


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
    assert listed("!history").splitlines() == ["    1  a barn", "    2  a cat -s10", "    3  \\x1b[2J"]


def test_history_shows_the_last_lines():
    assert listed("!history 2").splitlines()[0] == "    2  a cat -s10"


@pytest.mark.parametrize("count", ["0", "-1"])
def test_history_refuses_what_is_no_count(count):
    assert "takes a number" in failure(f"!history {count}").message


def test_an_empty_history_says_so():
    assert listed("!history", ()) == "the history is empty"


def test_an_unknown_command_is_marked_and_the_nearest_named():
    error = failure("  !hlep me")
    assert (error.span.start, error.span.end) == (2, 7)
    assert error.hint == "did you mean !help?"


def test_a_command_is_matched_as_a_whole_word():
    assert "no command called '!fixate'" in failure("!fixate pic.png").message


@pytest.mark.edge(47)
@pytest.mark.parametrize(
    "line", ["!fix pic.png -U2", "!fix a -n3 -G 0.8", "!fix F -embiggen_tiles 1 2", "!mask a.png"]
)
def test_what_comes_later_says_so_in_one_sentence(line):
    error = failure(line)
    assert error.message.endswith("comes in a later version")
    assert "\n" not in error.message


@pytest.mark.parametrize("line", ["!search CAT", "!history CAT"])
def test_history_is_searched_in_capitals_or_not(line):
    assert listed(line) == "    2  a cat -s10"


def test_the_question_itself_is_not_found():
    assert listed("!search dog", (*HISTORY, "!search dog")) == "no line of the history holds dog"


def test_a_search_for_nothing_is_a_mistake():
    assert "needs a text" in failure("!search").message


def test_a_line_is_recalled_by_its_number():
    assert answer("!2") == [Line("a cat -s10")]


@pytest.mark.parametrize(
    ("line", "words"),
    [("!4", "no line 4"), ("!0", "no line 0"), ("!N", "stands for a number"), ("!2 more", "nothing behind")],
)
def test_a_number_that_is_not_there(line, words):
    assert words in failure(line).message


def test_the_history_is_cleared_after_a_question():
    cleared = []
    run = commands.answer("!clear", 1, Context(None, HISTORY, 80, forget=lambda: cleared.append(True)))
    assert next(run) == Ask("forget all 3 lines of the history?")
    assert run.send(True) == Notice("the history is empty now")
    assert cleared == [True]


def test_the_history_stays_where_the_answer_is_no():
    run = commands.answer("!clear", 1, Context(None, HISTORY, 80, forget=lambda: pytest.fail("cleared")))
    next(run)
    assert run.send(False) == Notice("the history stays as it is")


def test_a_batch_has_no_history_to_clear():
    assert answer("!clear") == [Notice("the history is empty")]
