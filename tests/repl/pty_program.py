"""The real loop on a real terminal, with a scripted session that takes its time."""

import sys
import time
from pathlib import Path

from conftest import FakeSession, drawing

from invoke_cli.repl.app import run_repl
from invoke_cli.repl.console import TextConsole


class SlowSession(FakeSession):
    """A tenth of a second for each step."""

    def run(self, line, line_number=1, *, settles=True, following=None):
        for event in super().run(line, line_number):
            time.sleep(0.1)
            yield event


if __name__ == "__main__":
    session = SlowSession(drawing(seeds=(1, 2)), drawing(seeds=(3,)))
    sys.exit(run_repl(session, TextConsole(sys.stdout, sys.stderr, sys.stdout.isatty()), Path(sys.argv[1])))
