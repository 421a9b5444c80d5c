"""`skylift runs list --sync`: runs of firings that only their backend knows of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from skylift.launch.executions import adopt, refusal
from skylift.launch.schedules import Deployment, find
from skylift.ledger.records import now
from skylift.ledger.schedules import all_schedules
from skylift_contract.errors import SkyliftError

if TYPE_CHECKING:
    from skylift.ledger.ledger import Ledger


def synchronize(ledger: Ledger, schedule: str | None) -> None:
    """Ask the backend of a schedule, by default of each, and say what came of it.

    One that cannot be asked keeps none of the others back.
    """
    if schedule is not None:
        asked = [find(ledger, schedule)]
    else:
        there = all_schedules(ledger).records.values()
        asked = [Deployment(ledger, record) for record in there if not record.is_deleted]
    for found in asked:
        try:
            _say(found, refusal(found) or adopted(found))
        except SkyliftError as error:
            _say(found, f"its backend could not be asked: {error}")


def adopted(found: Deployment) -> str:
    new = list(adopt(found, now()))
    return f"{len(new)} firings that reached no step are among the runs now" if new else ""


def _say(found: Deployment, what: str) -> None:
    if what:
        click.echo(f"note: {found.who}: {what}", err=True)
