"""Find the code blocks of a Markdown page, and what the page says about each.

Directly before a block, each on a line of its own, may stand:

    <!-- not run: REASON -->    it is not run, and a reader sees why in the page's source
    <!-- file: PATH -->         it is written to that file, for the page's later blocks
    <!-- continues -->          it goes on where the block before it, of its language, stopped
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

FENCE: Final = re.compile(r"^(?P<indent> *)(?P<fence>`{3,}|~{3,})(?P<info>[^`]*)$")
NOTE: Final = re.compile(r"^\s*<!--\s*(?P<key>not run|file|continues)\s*(?::\s*(?P<value>.*?))?\s*-->\s*$")
REASON: Final = 8
"""Characters that a reason for not running a block has at least."""


class PageError(Exception):
    """A page that cannot be run as it is written; starts with `page:line: `."""


@dataclass(frozen=True)
class Block:
    """A fenced block: `line` is the page's line, from 1, on which its first line of code stands."""

    page: str
    line: int
    language: str
    code: str
    notes: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def exempt(self) -> bool:
        return "not run" in self.notes


def blocks(text: str, page: str) -> list[Block]:
    """Every fenced block in the order of the page.

    Raises `PageError` for a fence that is never closed, and for an exemption without a reason.
    """
    lines = text.splitlines()
    found: list[Block] = []
    at = 0
    while at < len(lines):
        match = FENCE.match(lines[at])
        if match is None:
            at += 1
            continue
        end = _end(lines, at, match["fence"], page)
        indent = len(match["indent"])
        code = "".join(f"{line[indent:]}\n" for line in lines[at + 1 : end])
        language = (match["info"].split() or [""])[0].lower()
        found.append(_checked(Block(page, at + 2, language, code, _notes(lines, at))))
        at = end + 1
    return found


def _end(lines: list[str], start: int, fence: str, page: str) -> int:
    for at in range(start + 1, len(lines)):
        closing = lines[at].strip()
        if closing.startswith(fence) and not closing.strip(fence[0]):
            return at
    raise PageError(f"{page}:{start + 1}: the block that opens here is never closed.")


def _notes(lines: list[str], fence: int) -> dict[str, str]:
    """The notes on the lines right above; one blank line may stand between them and the block."""
    at = fence - 1
    if at >= 0 and not lines[at].strip():
        at -= 1
    notes: dict[str, str] = {}
    while at >= 0 and (match := NOTE.match(lines[at])):
        notes[match["key"]] = match["value"] or ""
        at -= 1
    return notes


def _checked(block: Block) -> Block:
    if block.exempt and len(block.notes["not run"]) < REASON:
        raise PageError(f"{block.where}: the block is exempt without a reason. Write <!-- not run: why -->.")
    if "file" in block.notes and not block.notes["file"]:
        raise PageError(f"{block.where}: the note names no file. Write <!-- file: pipeline.py -->.")
    return block
