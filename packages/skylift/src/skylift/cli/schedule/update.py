"""`skylift schedule update`."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from skylift.cli.commands import command, place_options
from skylift.cli.schedule import schedule_argument
from skylift.cli.schedule.words import often
from skylift.client import Client
from skylift.launch.schedules import find, retime
from skylift_contract.errors import ConfigurationError
from skylift_contract.schedule import Schedule

if TYPE_CHECKING:
    from collections.abc import Mapping

UNITS: Final = {"s": "seconds", "min": "minutes", "m": "minutes", "h": "hours", "d": "days"}
KINDS: Final = ("cron_expression", "interval_second", "run_once_start_time")


@command(
    "update",
    short_help="Have it fire at other times.",
    examples=(
        "skylift schedule update daily --cron '0 3 * * *' --timezone Europe/Berlin",
        "skylift schedule update daily --every 36h --start 2030-01-01T00:00+00:00",
    ),
)
@schedule_argument()
@click.option("--cron", "cron_expression", metavar="EXPR", help="Five fields, in place of what it had.")
@click.option("--every", "interval_second", metavar="36h", help="An interval, in place of what it had.")
@click.option("--once", "run_once_start_time", metavar="TIME", help="One moment, in place of what it had.")
@click.option("--timezone", metavar="ZONE", help="The zone of --cron: Europe/Berlin.")
@click.option("--start", "start_time", metavar="TIME", help="No run before; ISO 8601 with its offset.")
@click.option("--end", "end_time", metavar="TIME", help="No run after.")
@place_options()
def update(*, name: str, store: str | None, **texts: str | None) -> None:
    """Have it fire at other times; what it runs stays, and what is not named stays.

    To have it run another source, deploy the pipeline again: that brings its own times back.
    """
    given = {field: text for field, text in texts.items() if text is not None}
    found = find(Client(store).ledger, name)
    if not given:
        raise ConfigurationError(
            "nothing is to be changed", who=found.who, fix="Name one: --cron '0 3 * * *'"
        )
    changed = retime(found, _timing(found.timing, given))
    click.echo(f"schedule {name!r} is updated: {often(changed.timing)}", err=True)


def _timing(before: Schedule, texts: Mapping[str, str]) -> Schedule:
    """The schedule with other fields; a kind that is given takes the place of the one it had."""
    kept = {field: getattr(before, field) for field in Schedule.model_fields}
    if any(kind in texts for kind in KINDS):
        kept |= dict.fromkeys(KINDS)
    if "run_once_start_time" in texts:
        kept |= {"start_time": None, "end_time": None}
    return Schedule(**{**kept, **{field: _value(field, text) for field, text in texts.items()}})


def _value(field: str, text: str) -> Any:
    if field in {"cron_expression", "timezone"}:
        return text
    return _duration(text) if field == "interval_second" else _moment(field, text)


def _duration(text: str) -> timedelta:
    """`90s`, `15min`, `36h`, `1d`."""
    found = re.fullmatch(rf"(\d{{1,9}})\s*({'|'.join(UNITS)})", text.strip())
    if found is None:
        raise ConfigurationError("it is no duration", who="--every", value=text, fix="--every 36h")
    return timedelta(**{UNITS[found[2]]: int(found[1])})


def _moment(field: str, text: str) -> datetime:
    option = f"--{field.removesuffix('_time').removesuffix('_start').removeprefix('run_')}"
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        fix = f"{option} 2030-01-31T02:00+00:00"
        raise ConfigurationError("it is no time in ISO 8601", who=option, value=text, fix=fix) from None
