"""What the bench can be asked for on its command line."""

from __future__ import annotations

import argparse
from collections.abc import Collection
from pathlib import Path

from benchmarks.comparison import TOLERANCE
from benchmarks.full import GROUPS


def read_arguments(
    description: str, parts: Collection[str]
) -> tuple[argparse.Namespace, argparse.ArgumentParser]:
    """What was asked for on the command line, and what refuses the rest of it there.

    description: of the program, for its help. parts: that can be measured.
    """
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", default=",".join(parts), metavar="PARTS", help="some of the parts above")
    parser.add_argument("--quick", action="store_true", help="one size, few rounds: to see that it works")
    parser.add_argument(
        "--sizes",
        type=_sides,
        metavar="N,N",
        help="of pictures; 128,384 in demo and 384,512 in full and cuda",
    )
    parser.add_argument(
        "--counts",
        type=_counts,
        metavar="N,N",
        help="of pictures in a line; 1,4,8 in demo and cuda, 1 in full",
    )
    parser.add_argument("--groups", default=",".join(GROUPS), metavar="G,G", help="some of those of full")
    parser.add_argument("--rounds", type=int, help="how often each line is drawn")
    parser.add_argument("--model", type=Path, metavar="DIR", help="a diffusers directory for full and cuda")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the random model there for other runs")
    parser.add_argument("--openvino", default="", metavar="PYTHON", help="an interpreter with optimum-intel")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--add", action="store_true", help="with --json: keep other figures of FILE")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="with an earlier --json, by ratios")
    parser.add_argument("--tolerance", type=float, default=TOLERANCE, help="what a ratio may lose, 0..1")
    parser.add_argument(
        "--report",
        type=Path,
        metavar="JSON",
        help="measure nothing: print the Markdown of a run, or compare it",
    )
    given = parser.parse_args()
    _check(given, parser, parts)
    return given, parser


def _sides(text: str) -> list[int]:
    if not all(side.isdecimal() and int(side) > 0 and int(side) % 64 == 0 for side in text.split(",")):
        raise argparse.ArgumentTypeError(f"wanted are multiples of 64, such as 384,512, not {text!r}")
    return [int(side) for side in text.split(",")]


def _counts(text: str) -> list[int]:
    if not all(count.isdecimal() and int(count) > 0 for count in text.split(",")):
        raise argparse.ArgumentTypeError(f"wanted are numbers of pictures, such as 1,4, not {text!r}")
    return [int(count) for count in text.split(",")]


def _check(given: argparse.Namespace, parser: argparse.ArgumentParser, parts: Collection[str]) -> None:
    """Refuse what cannot be meant, before minutes are spent on it."""
    for kind, asked, there in (("part", given.only, parts), ("group", given.groups, GROUPS)):
        unknown = [name for name in asked.split(",") if name not in there]
        if unknown:
            parser.error(f"there is no {kind} {unknown[0]!r}; there are: {', '.join(there)}")
    if given.rounds is not None and given.rounds < 1:
        parser.error("--rounds wants at least 1")
    if given.add and given.json is None:
        parser.error("--add needs --json FILE, to which figures are added")
    if given.json is not None and not given.json.absolute().parent.is_dir():
        parser.error(f"there is no folder {given.json.absolute().parent}")
