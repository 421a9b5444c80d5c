"""Every reason at once: whoever mends one thing should not meet the next one after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from skylift_contract.errors import (
    CompilationError,
    ConfigurationError,
    LimitExceeded,
    Refused,
    SkyliftError,
    UnsupportedCapability,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

REFUSALS: Final = (ConfigurationError, UnsupportedCapability, LimitExceeded, CompilationError)
"""What is wrong with what was asked for, and stays wrong until something else is asked for: exit code 2."""


def raise_all(flavor: str, reasons: Iterable[SkyliftError]) -> None:
    """Raise the one reason that there is, or several as one.

    That is an `UnsupportedCapability` where one of them is, for `--allow-degraded` may help then;
    else `Refused`.
    """
    found = {sentence: reason for reason in reasons for sentence in _lines(reason)}
    if len(found) == 1:
        raise next(iter(found.values()))
    unsupported = [one for one in found.values() if isinstance(one, UnsupportedCapability)]
    if unsupported:
        sentences = (clause for line, reason in found.items() for clause in _clauses(line, reason))
        raise UnsupportedCapability(flavor, sentences, fix=unsupported[0].fix)
    if found:
        raise Refused(flavor, found)


def _lines(reason: SkyliftError) -> tuple[str, ...]:
    return reason.reasons if isinstance(reason, Refused) else (str(reason),)


def _clauses(line: str, reason: SkyliftError) -> tuple[str, ...]:
    return reason.refusals if isinstance(reason, UnsupportedCapability) else (line.rstrip("."),)
