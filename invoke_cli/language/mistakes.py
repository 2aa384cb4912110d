"""What to tell someone whose line cannot be read: one sentence, a hint, a place."""

from __future__ import annotations

from invoke_cli.errors import LineError, Span
from invoke_cli.language.codecs import UnfitError
from invoke_cli.language.declare import Switch
from invoke_cli.language.quoting import quoted, told
from invoke_cli.language.switches import by_flag, long_matches, long_names
from invoke_cli.language.tokens import Problem, Token
from invoke_cli.registry import nearest

_MEANT_BY_OLD_MANUALS = {
    "-F": "did you mean --fit?",
    "-h": "-h on a line of its own shows the help",
    "--help": "--help on a line of its own shows the help",
    "--variants": "did you mean --variation_amount?",
}


def explain(token: Token) -> LineError:
    """The error that a MISTAKE token stands for."""
    if token.problem is Problem.MISSING and token.switch:
        message, hint = f"{token.switch.flags[0]} needs a value", f"as in {example(token.switch)}"
    elif token.problem is Problem.SURPLUS and token.switch:
        message = f"{token.switch.flags[0]} takes no value"
        hint = f"{token.switch.long} turns it on, --no-{token.switch.name} off"
    elif token.problem is Problem.AMBIGUOUS:
        message, hint = f"{told(token.text)} may mean several switches", _candidates(token.text)
    elif token.problem is Problem.UNCLOSED:
        message, hint = _unclosed(token.text)
    else:
        message, hint = f"there is no switch {told(token.text)}", _unknown(token.text)
    name = token.switch.name if token.switch else None
    return LineError(message, hint, span=Span(token.start, token.end), switch=name)


def refused(switch: Switch, unfit: UnfitError, span: Span) -> LineError:
    """The error of a value that its codec refuses."""
    hint = unfit.hint
    if not hint and switch.shown is not None:
        hint = f"left out, it is {plain(switch)}"
    return LineError(f"{switch.name} {unfit.reason}", hint, span=span, switch=switch.name)


def unknown_name(kind: str, name: str, known: tuple[str, ...], span: Span, switch: Switch) -> LineError:
    """The error of a name that the session does not know."""
    meant = nearest(name, known)
    hint = f"did you mean {meant}?" if meant else f"there are: {', '.join(known)}"
    return LineError(f"there is no {kind} {told(name)}", hint, span=span, switch=switch.name)


def example(switch: Switch) -> str:
    """The switch with a typical value, as one would type it."""
    samples = {"picture": "sketch.png", "folder": "outputs/today", "sampler": "k_euler"}
    examples = switch.codec.examples
    value = examples[0] if examples else samples.get(switch.codec.completes, '"some words"')
    return f"{switch.flags[0]} {value}"


def plain(switch: Switch) -> str:
    """The built-in default as it would be typed; "" when there is none."""
    if switch.shown is None:
        return ""
    if switch.on_off:
        return "on" if switch.shown else "off"
    return " ".join(switch.codec.write(switch.shown))


def _unclosed(text: str) -> tuple[str, str]:
    mark = text[0]
    if len(text) > 1 and text.endswith(mark):
        return "a blank is missing after the closing quote", ""
    return f"the quote {mark} is never closed", "a backslash in front of a closing quote is written twice"


def _candidates(text: str) -> str:
    names = [entry.long if on else f"--no-{entry.name}" for entry, on in long_matches(text.lstrip("-"))]
    return f"did you mean {' or '.join(names[:4])}?"


def _unknown(word: str) -> str:
    """What was probably meant, and how to keep the word as text."""
    meant = _MEANT_BY_OLD_MANUALS.get(word) or _meant(word)
    keep = f"in quotes it is text: {quoted(told(word))}"
    return f"{meant} {keep[0].upper()}{keep[1:]}" if meant.endswith("?") else meant or keep


def _meant(word: str) -> str:
    name = word.lstrip("-").split("=")[0]
    if len(name) == 1:
        other = f"-{name.swapcase()}"
        return f"did you mean {other} ({by_flag()[other].name})?" if other in by_flag() else ""
    near = nearest(name.replace("-", "_"), long_names())
    return (
        f"did you mean --{near.replace('no_', 'no-', 1) if near.startswith('no_') else near}?" if near else ""
    )
