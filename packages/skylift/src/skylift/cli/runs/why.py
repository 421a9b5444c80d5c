"""`skylift runs why`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from skylift.cli import documents, tables
from skylift.cli.commands import command, output_option, place_options
from skylift.cli.runs import run_argument
from skylift.client import Client
from skylift.console.words import cut, printable
from skylift.explanation import explain, headline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skylift.explanation import Explanation, Failure

NAMED = 8
"""Steps that are named before the rest is only counted."""


@command(
    "why",
    short_help="Why a run failed, or stands as it stands.",
    examples=(
        "skylift runs why last",
        "skylift runs why 3f9ad2c1 --output json",
    ),
)
@run_argument()
@place_options()
@output_option()
def why(run: str, store: str | None, output: str) -> None:
    """Why a run failed, or stands as it stands.

    For a run that failed: the first step that did, its error with the traceback, what it
    printed last, what did not run because of it, and what to look at next. For one that
    completed: why each step that ran was not taken from the cache.
    """
    found = explain(Client(store).run(run))
    if output == "json":
        documents.write(_fields(found))
    else:
        tables.write(_lines(found))


def _fields(found: Explanation) -> dict[str, Any]:
    record, end = found.run.record, found.run.end
    assert record is not None
    ended = end.time if end else None
    return {
        "run": documents.run_fields(record, found.status.status, found.status.reason, ended),
        "why": {
            "summary": found.summary,
            "failed": [asdict(failure) for failure in found.failed],
            "caught": [asdict(failure) for failure in found.caught],
            "not_run": list(found.not_run),
            "stopped": list(found.stopped),
            "cached": list(found.cached),
            "resumed": list(found.resumed),
            "ran": [{"step": step, "reason": reason} for step, reason in found.ran],
            "next": [{"command": command, "for": purpose} for command, purpose in found.following],
        },
    }


def _lines(found: Explanation) -> Iterator[str]:
    yield found.summary
    if found.failed:
        yield from ("", headline(found.failed[0]))
        yield from _evidence(found.failed[0])
    for failure in found.failed[1:NAMED]:
        yield from ("", headline(failure))
    yield from ["", f"and {len(found.failed) - NAMED} more that failed"] * (len(found.failed) > NAMED)
    if found.caught:
        yield from ("", "failed, and was caught by the pipeline's function:")
        yield from (f"  {headline(failure)}" for failure in found.caught[:NAMED])
        yield from [f"  and {len(found.caught) - NAMED} more"] * (len(found.caught) > NAMED)
    if found.stopped:
        yield from ("", f"stopped while running: {_few(found.stopped)}")
    if found.not_run:
        yield from ("", f"did not run because of that: {_few(found.not_run)}")
    if found.cached:
        yield from ("", f"cached: {_few(found.cached)}")
    if found.resumed:
        yield from ("", f"taken from the run that it resumes: {_few(found.resumed)}")
    if found.ran:
        yield from ("", "ran, and were not cached:")
        yield from _by_reason(found.ran)
    width = max(len(command) for command, _ in found.following)
    yield from ("", "next:")
    yield from (f"  {command:<{width}}  {purpose}" for command, purpose in found.following)


def _evidence(failure: Failure) -> Iterator[str]:
    if failure.advice:
        yield f"  {failure.advice}"
    if failure.traceback:
        yield ""
        yield from (f"  {cut(line)}" for line in printable(failure.traceback.rstrip()).split("\n"))
    if failure.tail:
        yield from ("", "  the last it printed:")
        yield from (f"  | {cut(line)}" for line in failure.tail)


def _by_reason(ran: tuple[tuple[str, str], ...]) -> Iterator[str]:
    """One line for each reason: a helper that was edited is the same one for many steps."""
    steps: dict[str, tuple[str, ...]] = {}
    for step, reason in ran:
        steps[reason] = (*steps.get(reason, ()), step)
    yield from (f"  {_few(named)}: {reason}" for reason, named in list(steps.items())[:NAMED])
    yield from [f"  and {len(steps) - NAMED} more reasons"] * (len(steps) > NAMED)


def _few(names: tuple[str, ...]) -> str:
    rest = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {rest} more" if rest > 0 else "")
