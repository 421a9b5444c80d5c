"""Every reason at once: whoever mends one thing should not meet the next one after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from skylift_contract.errors import (
    CompilationError,
    ConfigurationError,
    LimitExceeded,
    SkyliftError,
    UnsupportedCapability,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

REFUSALS: Final = (ConfigurationError, UnsupportedCapability, LimitExceeded, CompilationError)
"""What is wrong with what was asked for, and stays wrong until something else is asked for: exit code 2."""


SHOWN: Final = 20
"""Reasons that a person is told at once; whatever made a thousand steps wrong is in the first."""


class Refused(ConfigurationError):
    """Several things that keep a flavor from running a pipeline, a line each.

    Args:
        flavor: The flavor that was asked.
        reasons: The sentences of two or more errors.
    """

    def __init__(self, flavor: str, reasons: Iterable[str]) -> None:
        self.flavor, self.reasons = flavor, tuple(reasons)
        more = len(self.reasons) - SHOWN
        shown = [*self.reasons[:SHOWN], *([f"and {more} more"] if more > 0 else ())]
        lines = "".join(f"\n- {one}" for one in shown)
        what = f"it cannot run this pipeline, for {len(self.reasons)} reasons:{lines}"
        super().__init__(what, who=f"flavor {flavor!r}")


def found_by(checks: Iterable[Callable[[], object]]) -> Iterator[SkyliftError]:
    """What each check raises of `REFUSALS`; any other error is nobody's to collect."""
    for check in checks:
        try:
            check()
        except REFUSALS as refusal:
            yield refusal


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
