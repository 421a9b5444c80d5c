"""Times, counts and reasons in words, as they stand in every view of a run."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

from skylift_contract.enums import ExecutionStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

COLORS: Final = {
    ExecutionStatus.RUNNING: "cyan",
    ExecutionStatus.STOPPING: "yellow",
    ExecutionStatus.COMPLETED: "green",
    ExecutionStatus.CACHED: "green",
    ExecutionStatus.FAILED: "red",
    ExecutionStatus.STOPPED: "yellow",
    ExecutionStatus.SKIPPED: "yellow",
    ExecutionStatus.UNKNOWN: "magenta",
}
"""Colors that terminals and click both know; what is not named has none."""

LONGEST: Final = 300
"""Characters of a reason in a line of its own: `skylift runs why` has all of it."""

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR


LONGEST_LINE: Final = 10_000
"""Characters, some screens full: a message that is longer is a document."""


def seconds(amount: float | None) -> str:
    """A duration in at most two units: `4 ms`, `12.3 s`, `3 min 4 s`, `2 h 5 min`, `3 d 4 h`."""
    if amount is None:
        return ""
    if amount < 0.9995:
        return f"{amount * 1000:.0f} ms"
    if amount < 59.95:
        return f"{amount:.1f} s"
    whole = max(_MINUTE, int(amount))
    for unit, name, below, name_below in ((_DAY, "d", _HOUR, "h"), (_HOUR, "h", _MINUTE, "min")):
        if whole >= unit:
            return f"{whole // unit} {name} {whole % unit // below} {name_below}"
    return f"{whole // _MINUTE} min {whole % _MINUTE} s"


def ago(moment: datetime, now: datetime) -> str:
    """How long since, in one unit; a clock that is behind counts as now."""
    elapsed = max(0, int((now - moment).total_seconds()))
    for unit, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if elapsed >= unit:
            return f"{elapsed // unit} {name} ago"
    return f"{elapsed} s ago"


def clock(moment: datetime) -> str:
    """A moment on the reader's own clock, with its zone."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def printable(text: str) -> str:
    """A text whose control characters are escapes: what a terminal does is for no message to say.

    Line breaks and tabs stay.
    """
    if text.isprintable():
        return text
    return "".join(one if one in "\n\t" or _is_shown(one) else _escaped(one) for one in text)


def cut(line: str) -> str:
    """A line that may be a whole document, as far as people read it; JSON has all of it."""
    more = len(line) - LONGEST_LINE
    return line if more <= 0 else f"{line[:LONGEST_LINE]}… and {more} characters more"


def _is_shown(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def one_line(text: str) -> str:
    """The first line of a text, without control characters, with a sign where more follows."""
    first, _, rest = text.strip().partition("\n")
    shown = printable(first)
    if len(shown) > LONGEST:
        return f"{shown[:LONGEST].rstrip()} …"
    return f"{shown} …" if rest else shown


def counts(statuses: Iterable[ExecutionStatus]) -> dict[ExecutionStatus, int]:
    """How many stand how, in the order in which the words are declared."""
    found = dict.fromkeys(ExecutionStatus, 0)
    for status in statuses:
        found[status] += 1
    return {status: number for status, number in found.items() if number}


def counted(found: Mapping[ExecutionStatus, int]) -> str:
    """`3 completed, 1 failed`."""
    return ", ".join(f"{number} {status_word(status)}" for status, number in found.items())


def status_word(status: ExecutionStatus) -> str:
    return status.value.replace("_", " ")


def width(text: str) -> int:
    """How many columns a text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def fitted(text: str, room: int) -> str:
    """A text cut to a number of columns, with a sign where something is missing."""
    if width(text) <= room:
        return text
    kept, used = "", 0
    for character in text:
        used += _columns(character)
        if used > room - 1:
            break
        kept += character
    return f"{kept}…" if room > 0 else ""
