"""Files in the background: in order, none lost, mistakes told of the right line."""

import threading
from contextlib import closing
from pathlib import Path

import pytest

from invoke_cli.errors import OutputError
from invoke_cli.session.events import Ask, Failed, Notice, Saved
from invoke_cli.session.writer import THREAD, Later, Owner, Writer

FIRST, SECOND = Owner(1, "a cat", Path("out")), Owner(2, "a dog", Path("out"))
PATIENCE = 20


def saved(name):
    return Saved(Path(name), 1, "a line", 0.0)


class Gate:
    """Work that waits until it may be done."""

    def __init__(self, *events, error=None):
        self.may = threading.Event()
        self._events, self._error = events, error

    def __call__(self):
        if not self.may.wait(PATIENCE):
            raise TimeoutError
        yield from self._events
        if self._error is not None:
            raise self._error


def writer(notes=None, most=4):
    return Writer(
        lambda owner, event: notes.append((owner.line_number, event)) if notes is not None else None, most
    )


def at_once(*events, error=None):
    gate = Gate(*events, error=error)
    gate.may.set()
    return Later(gate)


def generator(*items):
    yield from items


def test_drawing_goes_on_while_a_file_is_written():
    gate, w = Gate(saved("1")), writer()
    with closing(w.through([Later(gate), Notice("step"), Notice("step 2")], FIRST)) as events:
        assert next(events) == Notice("step")
        gate.may.set()
        w.finish()
        assert list(events) == [saved("1"), Notice("step 2")]


def test_files_are_written_and_told_of_in_order():
    notes, gate = [], Gate(saved("1"))
    w = writer(notes)
    events = list(w.through([Later(gate), at_once(saved("2"), Notice("log")), at_once(saved("3"))], FIRST))
    assert events == []
    gate.may.set()
    assert list(w.settle()) == [saved("1"), saved("2"), Notice("log"), saved("3")]
    assert notes == [(1, saved("1")), (1, saved("2")), (1, Notice("log")), (1, saved("3"))]
    assert list(w.settle()) == []


def test_whoever_brings_too_much_waits():
    gates = [Gate(saved(str(number))) for number in range(4)]
    w = writer(most=2)
    opened = []

    def work():
        for number, gate in enumerate(gates):
            if number == 3:  # the third made us wait for the first
                opened.append(w.owners)
            yield Later(gate)
            gate.may.set()

    gates[0].may.set()
    told = list(w.through(work(), FIRST))
    assert saved("0") in told
    assert [*told, *w.settle()] == [saved(str(number)) for number in range(4)]


def test_a_mistake_ends_its_line_and_what_was_written_is_told_first():
    w = writer()
    full = at_once(saved("1"), error=OutputError("the disk is full"))

    def work():
        yield full
        w.finish()
        yield Notice("never")

    events = w.through(work(), FIRST)
    assert next(events) == saved("1")
    with pytest.raises(OutputError, match="the disk is full"):
        next(events)
    assert list(w.settle()) == []


def test_a_mistake_after_the_end_of_a_line_is_told_of_that_line_once():
    w = writer()
    error = OutputError("the disk is full")
    gate = Gate(error=error)
    assert list(w.through([Later(gate), at_once(error=error), at_once(saved("3"))], FIRST)) == []
    gate.may.set()
    failed, last = w.settle()
    assert isinstance(failed, Failed)
    assert (failed.line_number, failed.line, failed.error) == (1, "a cat", error)
    assert last == saved("3")


def test_a_bug_is_not_told_as_the_users_mistake():
    gate, w = Gate(error=ZeroDivisionError()), writer()
    assert list(w.through([Later(gate)], FIRST)) == []
    gate.may.set()
    with pytest.raises(ZeroDivisionError):
        list(w.settle())


def test_the_next_line_goes_on_and_is_told_behind():
    gate, w, seen = Gate(saved("1")), writer(), []

    def second():
        for number in range(3):
            seen.append(number)
            yield Notice(f"two, {number}")
        gate.may.set()
        w.finish()
        yield from w.through([at_once(saved("2")), Notice("two, last")], SECOND)

    assert list(w.through([Later(gate)], FIRST)) == []
    events = list(w.behind(second()))
    assert events[:4] == [saved("1"), Notice("two, 0"), Notice("two, 1"), Notice("two, 2")]
    assert [*events[4:], *w.settle()].count(saved("2")) == 1
    assert seen == [0, 1, 2]


def test_a_mistake_of_the_line_before_does_not_end_the_next():
    gate, w = Gate(error=OutputError("the disk is full")), writer()
    list(w.through([Later(gate)], FIRST))
    gate.may.set()
    failed, notice = w.behind(generator(Notice("two")))
    assert (failed.line_number, notice) == (1, Notice("two"))


def test_a_question_is_asked_after_the_files_and_its_answer_arrives():
    gate, w, answers = Gate(saved("1")), writer(), []

    def second():
        answers.append((yield Ask("sure?")))

    list(w.through([Later(gate)], FIRST))
    gate.may.set()
    events = w.behind(second())
    assert next(events) == saved("1")
    assert next(events) == Ask("sure?")
    with pytest.raises(StopIteration):
        events.send(True)
    assert answers == [True]


def test_what_was_drawn_is_written_after_its_line_was_closed():
    gate, w = Gate(saved("1")), writer()
    events = w.through(generator(Later(gate), Notice("step"), Notice("never")), FIRST)
    assert next(events) == Notice("step")
    events.close()  # as Ctrl-C does
    gate.may.set()
    assert list(w.settle()) == [saved("1")]


def test_a_picture_that_another_starts_from_is_waited_for():
    later = at_once(saved("1"))
    list(writer().through([later], FIRST))
    assert later.path() == Path("1")
    full, w = Later(Gate(error=OutputError("full"))), writer()
    list(w.through([full], FIRST))
    full.work.may.set()
    with pytest.raises(OutputError):
        full.path()


def test_the_thread_ends_with_its_work_and_keeps_the_program_alive_until_then():
    gate, w = Gate(saved("1")), writer()
    list(w.through([Later(gate)], FIRST))
    (thread,) = (one for one in threading.enumerate() if one.name == THREAD)
    assert not thread.daemon
    gate.may.set()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    more = list(w.through([at_once(saved("2"))], FIRST))
    assert [*more, *w.settle()] == [saved("1"), saved("2")]
