"""Lines whose last file is still being written when the next one begins, on the tiny model."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from invoke_cli.errors import OutputError
from invoke_cli.session import outputs
from invoke_cli.session.events import Event, Failed, Planned, Saved
from invoke_cli.session.session import Session
from tests.session.conftest import pixels, saved

SHORT = "a cat -s2 -W64 -H64"
PATIENCE = 60


class Disk:
    """Stands in for the function that writes files: waits for leave, or is full."""

    def __init__(self, write: Callable[[Path, bytes], bool]) -> None:
        self._write = write
        self.may_write = threading.Event()
        self.is_full = False

    def __call__(self, path: Path, content: bytes) -> bool:
        if not self.may_write.wait(PATIENCE):
            raise TimeoutError
        if self.is_full:
            raise OutputError(f"{path} cannot be written: no space left")
        return self._write(path, content)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    slow = Disk(outputs.write_new)
    monkeypatch.setattr(outputs, "write_new", slow)
    return slow


def begun(session: Session, line: str, line_number: int) -> list[Event]:
    """The events of a line that does not wait for its last file."""
    return list(session.behind(session.run(line, line_number, settles=False)))


def kinds(events: list[Event]) -> list[str]:
    return [type(event).__name__ for event in events if isinstance(event, (Planned, Saved, Failed))]


def test_the_next_line_is_told_behind_the_last_file(session: Session, disk: Disk) -> None:
    assert kinds(begun(session, f"{SHORT} -S5", 1)) == ["Planned"]
    second = session.behind(session.run(f"{SHORT} -S6", 2, settles=False))
    disk.may_write.set()
    events = [*second, *session.settle()]
    assert kinds(events) == ["Saved", "Planned", "Saved"]
    assert [one.seed for one in saved(events)] == [5, 6]
    log = Path("outputs/img-samples/invoke_log.txt").read_text().splitlines()
    assert [line.partition(":")[0] for line in log] == [str(one.path) for one in saved(events)]


def test_a_line_that_refers_back_waits_for_the_file(session: Session, disk: Disk) -> None:
    begun(session, f"{SHORT} -S5", 1)
    disk.may_write.set()
    events = [*begun(session, "a cat -I-1 -f0 -S-1", 2), *session.settle()]
    first, second = saved(events)
    assert kinds(events) == ["Saved", "Planned", "Saved"]
    assert second.seed == 5
    assert (pixels(first.path) == pixels(second.path)).all()


def test_a_full_disk_is_told_of_the_line_that_it_hit(session: Session, disk: Disk) -> None:
    disk.is_full = True
    begun(session, f"{SHORT} -S5", 1)
    disk.may_write.set()
    session._writer.finish()
    disk.is_full = False
    failed, *rest = [*begun(session, f"{SHORT} -S6", 2), *session.settle()]
    assert isinstance(failed, Failed)
    assert (failed.line_number, failed.line) == (1, f"{SHORT} -S5")
    assert "no space left" in failed.error.message
    assert [one.seed for one in saved(rest)] == [6]


def test_a_full_disk_stops_a_line_of_many_pictures(session: Session, disk: Disk) -> None:
    disk.is_full = True
    disk.may_write.set()
    events = list(session.run(f"{SHORT} -S5 -n20"))
    assert kinds(events) == ["Planned", "Failed"]


def test_a_stopped_line_keeps_what_was_drawn(session: Session, disk: Disk) -> None:
    run = session.run(f"{SHORT} -S5 -n3")
    second = (event for event in run if getattr(event, "picture", 0) == 1)
    next(second)
    second.close()
    run.close()
    disk.may_write.set()
    assert [one.seed for one in saved(session.settle())] == [5]
    assert saved(session.run("a cat -I-1 -f0"))
