"""`skylift diff`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import click

from skylift.cli import complete, documents, tables
from skylift.cli.commands import command, output_option
from skylift.cli.planning import Asked, asks_for_a_pipeline
from skylift.console.words import printable, seconds
from skylift_contract.errors import SkyliftError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from skylift.comparison import Change
    from skylift.launch.baseline import Baseline
    from skylift.launch.plan import Plan

DIFFERENT: Final = 1
SIGNS: Final = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}


class Trouble(SkyliftError):
    """It could not be compared: 1 would say that it differs."""

    exit_code = 2

    def __init__(self, cause: SkyliftError) -> None:
        super().__init__(cause.what, who=cause.who, value=cause.value, limit=cause.limit, fix=cause.fix)


@command(
    "diff",
    short_help="What would change against what is deployed, or ran.",
    examples=(
        "skylift diff pipeline.py",
        "skylift diff pipeline.py:train --stack production --param depth=8",
        "skylift diff pipeline.py:train --against 3f9ad2c1",
    ),
)
@asks_for_a_pipeline
@click.option(
    "--against",
    metavar="RUN|SCHEDULE",
    shell_complete=complete.runs_and_schedules,
    help="What to compare with; by default the pipeline's schedule, else its newest run.",
)
@output_option()
def diff(*, asked: Asked, against: str | None, output: str) -> int:
    """What would change if the pipeline were deployed, or run, now.

    It is compared with its schedule as that is deployed, or where it has none with its newest
    run. The exit code is 0 where nothing differs, 1 where something does, 2 where it could
    not be compared.
    """
    try:
        found = _compared(asked, against)
    except SkyliftError as error:
        raise Trouble(error) from error
    if output == "json":
        documents.write(found.document())
    else:
        tables.write(found.lines())
    return DIFFERENT if found.changes else 0


def _compared(asked: Asked, against: str | None) -> Difference:
    from skylift.comparison import compare, not_compared
    from skylift.launch.baseline import baseline, source_changes
    from skylift.ledger.ledger import Ledger
    from skylift.store.location import open_store

    planned = asked.plan()
    store = planned.stack.artifact_store
    ledger = Ledger(open_store(store.uri, store.options))
    base = baseline(ledger, planned.snapshot, against)
    head = [*compare(base.snapshot, planned.snapshot), *source_changes(ledger, base.snapshot, planned)]
    changes = sorted(head, key=lambda change: change.group == "step")  # the source comes before the steps
    return Difference(planned, base, changes, not_compared(base.snapshot, planned.snapshot))


@dataclass(frozen=True, slots=True)
class Difference:
    """A plan held against what was deployed, or ran."""

    plan: Plan
    base: Baseline
    changes: Sequence[Change]
    passed_over: Sequence[str]

    def document(self) -> dict[str, Any]:
        return {
            "same": not self.changes,
            "pipeline": self.plan.snapshot.name,
            "snapshot": self.plan.snapshot.digest,
            "against": {"kind": self.base.kind, "name": self.base.name, "snapshot": self.base.digest},
            "changes": [
                {
                    "group": change.group,
                    "step": change.step or None,
                    "field": change.field or None,
                    "change": change.kind,
                    "before": _plain(change.before),
                    "after": _plain(change.after),
                }
                for change in self.changes
            ],
            "not_compared": list(self.passed_over),
        }

    def lines(self) -> Iterator[str]:
        verdict = "" if self.changes else ": nothing differs"
        yield f"{self.plan.snapshot.name} against {self.base.kind} {self.base.name}{verdict}"
        for (group, step), changes in groupby(self.changes, lambda change: (change.group, change.step)):
            yield ""
            yield from _group(group, step, list(changes))
        if self.passed_over:
            steps = ", ".join(self.passed_over)
            yield from ("", f"not compared, for their outputs were taken from an earlier run: {steps}")


def _group(group: str, step: str, changes: list[Change]) -> Iterator[str]:
    title = f"step {step}" if step else group
    if not changes[0].field:
        sign, _ = SIGNS[changes[0].kind]
        yield _painted(f"{sign} {title}  {changes[0].after or changes[0].before}", changes[0])
        return
    yield f"  {title}"
    room = max(len(change.field) for change in changes)
    for change in changes:
        sign, _ = SIGNS[change.kind]
        yield _painted(f"  {sign} {change.field.ljust(room)}{_values(change)}", change)


def _values(change: Change) -> str:
    if change.group == "source":
        return ""  # two digests of a file tell nobody anything
    shown = [_words(value) for value in (change.before, change.after) if value is not None]
    return f"  {' → '.join(shown)}"


def _painted(line: str, change: Change) -> str:
    text = printable(line.rstrip())
    return click.style(text, fg=SIGNS[change.kind][1]) if tables.has_color() else text


def _words(value: Any) -> str:
    if isinstance(value, timedelta):
        return seconds(value.total_seconds())
    plain = _plain(value)
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)


def _plain(value: Any) -> Any:
    """As JSON has it: durations in seconds, times in ISO 8601."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime):
        return documents.moment(value)
    from skylift_contract.canonical import canonical_json

    return json.loads(canonical_json(value))
