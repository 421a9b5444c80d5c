"""Plain tables: columns that line up, cut to a terminal's width, whole in a pipe."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING, Final

import click

from skylift.cli import stdout
from skylift.console.words import COLORS, fitted, status_word, width
from skylift_contract.enums import ExecutionStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

GAP: Final = "  "
LEAST: Final = 8
"""Columns below which a cut text says nothing."""


def is_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()  # pyright: ignore[reportUnnecessaryComparison]


def has_color() -> bool:
    return is_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], flexible: Sequence[int]) -> Iterator[str]:
    """Lines of a table; a cell that is an `ExecutionStatus` has its color.

    On a terminal the columns in `flexible` give way, the first of them first, where a line
    would be too long.
    """
    shown = [headers, *rows]
    widths = [max(width(_text(row[column])) for row in shown) for column in range(len(headers))]
    if is_terminal():
        _narrow(widths, flexible, shutil.get_terminal_size().columns)
    for row in shown:
        yield GAP.join(_cell(cell, room) for cell, room in zip(row, widths, strict=True)).rstrip()


def _narrow(widths: list[int], flexible: Sequence[int], columns: int) -> None:
    for column in flexible:
        over = sum(widths) + len(GAP) * (len(widths) - 1) - columns
        if over > 0:
            widths[column] = min(widths[column], max(LEAST, widths[column] - over))


def _text(cell: str) -> str:
    return status_word(cell) if isinstance(cell, ExecutionStatus) else cell


def _cell(cell: str, room: int) -> str:
    text = fitted(_text(cell), room)
    padding = " " * (room - width(text))
    if isinstance(cell, ExecutionStatus):
        text = painted(text, cell)
    return text + padding


def painted(text: str, status: ExecutionStatus) -> str:
    """A text in the color of a status, where the terminal has colors."""
    return click.style(text, fg=COLORS.get(status)) if has_color() else text


def write(lines: Iterable[str]) -> None:
    """Lines to stdout, in one piece."""
    stdout.write("".join(f"{line}\n" for line in lines))
