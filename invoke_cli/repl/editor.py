"""The prompt: keys in, lines out."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession, print_formatted_text
from prompt_toolkit.application import get_app
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import Output, create_output
from prompt_toolkit.styles import Style

from invoke_cli.repl.completer import LineCompleter
from invoke_cli.repl.highlighter import STYLE, LineHighlighter, coloured
from invoke_cli.repl.history import LineHistory
from invoke_cli.repl.visible import visible

if TYPE_CHECKING:
    from invoke_cli.session.session import Session

_PROMPT = "invoke> "
_REFRESH_SECONDS = 0.3


class Editor:
    """Reads one line at a time. Of several pasted lines, each read gives the next, shown as if typed.

    draft: what already stands in the prompt, to be changed, when it comes next.
    """

    def __init__(self, session: Session, history_file: Path) -> None:
        self.history = LineHistory(history_file)
        self._session = session
        self._status = session.status()
        self._has_begun = False
        self.draft = ""
        self._pasted: deque[str] = deque()
        self._prompt: PromptSession[str] = PromptSession(
            _PROMPT,
            history=self.history,
            completer=LineCompleter(session.world),
            complete_while_typing=False,
            enable_history_search=True,
            auto_suggest=AutoSuggestFromHistory(),
            lexer=LineHighlighter(),
            style=Style.from_dict(STYLE),
            bottom_toolbar=self.bottom_line,
            key_bindings=self._keys(),
            enable_suspend=True,
            output=_terminal_output(),
        )

    def read(self) -> str:
        """The next line. Raises KeyboardInterrupt on Ctrl-C, EOFError on Ctrl-D in an empty line."""
        if self._pasted:
            return self._next_pasted()
        draft, self.draft = self.draft, ""
        return self._prompt.prompt(default=draft, pre_run=self._follow_loading)

    def confirm(self) -> bool:
        """Whether the answer to a question that was just shown is yes; Ctrl-D and anything else mean no."""
        question: PromptSession[str] = PromptSession(output=self._prompt.output)
        try:
            return question.prompt("yes or no? ").strip().lower() in ("y", "yes")
        except EOFError:
            return False

    def _next_pasted(self) -> str:
        """The next pasted line, shown as the prompt would show it.

        The prompt itself stays out of this: it would take keys typed ahead for a part of the line.
        """
        line = self._pasted.popleft()
        shown = FormattedText([("", _PROMPT), *coloured(visible(line))])
        print_formatted_text(shown, style=self._prompt.style, output=self._prompt.output)
        self.history.append_string(line)
        return line

    def drop_pasted(self) -> int:
        """Forget the pasted lines that were not read yet, and say how many."""
        dropped = len(self._pasted)
        self._pasted.clear()
        return dropped

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()
        keys.add(Keys.BracketedPaste)(self._paste)
        return keys

    def _paste(self, event: KeyPressEvent) -> None:
        """Insert a pasted line to be looked at; run several one by one."""
        buffer = event.current_buffer
        text = event.data.replace("\r\n", "\n").replace("\r", "\n")
        whole = buffer.document.text_before_cursor + text + buffer.document.text_after_cursor
        lines = [line for line in whole.split("\n") if line.strip()]
        if len(lines) < 2:
            buffer.insert_text(text.replace("\n", ""))
            return
        buffer.text = lines[0]
        self._pasted.extend(lines[1:])
        buffer.validate_and_handle()

    def bottom_line(self) -> str:
        """The model, its device, the size of a plain line, and the state while there is something to say."""
        status = self._status
        parts = [status.model, status.device, status.size, "" if status.state == "ready" else status.state]
        return visible(" " + " | ".join(part for part in parts if part))

    def _follow_loading(self) -> None:
        get_app().create_background_task(self._refresh_status())

    async def _refresh_status(self) -> None:
        """Keep the bottom line true until the model is there; after that nothing changes by itself.

        Loading begins here, the first time, because by now the prompt is on the screen; imports in
        another thread would hold it up.
        """
        if not self._has_begun:
            self._has_begun = True
            self._session.start_loading()
        self._status = self._session.status()
        while self._status.state == "loading":
            await asyncio.sleep(_REFRESH_SECONDS)
            self._status = self._session.status()
            get_app().invalidate()


def _terminal_output() -> Output | None:
    """Where the prompt is drawn: on standard error when standard output goes to a file or a pipe."""
    if not sys.stdout.isatty() and sys.stderr.isatty():
        return create_output(stdout=sys.stderr)
    return None
