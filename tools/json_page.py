"""The page of what `--output json` prints, made from where the program documents it."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from skylift.cli import documents

if TYPE_CHECKING:
    from collections.abc import Iterator

INDENT = 4
"""Of a command in the documentation; what goes on in the next line stands further in."""

WIDTH = 100


def json_page() -> Iterator[str]:
    """A section for each command, or for several that print the same, with the shape in between prose."""
    opening, *rest = (documents.__doc__ or "").splitlines()
    yield "# What `--output json` prints\n"
    yield f"{opening}\n"
    for names, shape in _shapes(rest):
        yield f"## {names}\n"
        yield f"```text\n{textwrap.fill(shape, WIDTH, break_long_words=False, break_on_hyphens=False)}\n```\n"
    yield "## What holds for all\n"
    yield from (line for line in rest if not line.startswith(" " * INDENT))


def _shapes(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Commands, and the text that describes what they print, in one line."""
    found: list[list[str]] = []
    for line in lines:
        if line.startswith(" " * (INDENT + 1)):
            found[-1].append(line.strip())
        elif line.startswith(" " * INDENT):
            found.append([line.strip()])
    for words in found:
        names, shape = re.split(r"\s{2,}| (?={)", " ".join(words), maxsplit=1)
        yield names, shape
