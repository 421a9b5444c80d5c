"""`skylift runs delete`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from skylift.cli import complete, documents, tables
from skylift.cli.ages import AGE
from skylift.cli.commands import command, output_option, place_options
from skylift.client import Client
from skylift.console.words import ago
from skylift.garbage.runs import Doomed, Filter, named
from skylift.ledger.records import now
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta


@command(
    "delete",
    short_help="Delete runs, with their logs.",
    examples=(
        "skylift runs delete 3f9ad2c1",
        "skylift runs delete --older-than 30d --status failed --dry-run",
        "skylift runs delete --pipeline train --older-than 8w --yes",
    ),
)
@click.argument("runs", metavar="[RUN]...", nargs=-1, shell_complete=complete.runs)
@click.option("--older-than", type=AGE, metavar="AGE", help="Runs that began longer ago: 30d, 12h, 8w.")
@click.option("--pipeline", metavar="NAME", help="Runs of this pipeline.")
@click.option(
    "--status",
    type=click.Choice([status.value for status in ExecutionStatus if status.is_finished]),
    help="Runs that ended so.",
)
@click.option("--dry-run", is_flag=True, help="Only show which.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--force", is_flag=True, help="Those named, too, of which nobody here can tell whether they ended."
)
@place_options()
@output_option()
def delete(
    *,
    runs: Sequence[str],
    older_than: timedelta | None,
    pipeline: str | None,
    status: str | None,
    dry_run: bool,
    yes: bool,
    force: bool,
    store: str | None,
    output: str,
) -> None:
    """Delete runs, with their logs: those named, or all that fit the options and have ended.

    A run that still runs is refused, or passed over by the options. What the runs made stays
    until `skylift gc`, and what the cache holds until `skylift gc --cache-older-than AGE`.
    """
    wanted = Filter(pipeline, ExecutionStatus(status) if status else None, older_than)
    _check(runs, wanted)
    client = Client(store)
    if runs:
        found = list(
            {one.run_id: one for one in (named(client, name, force=force) for name in runs)}.values()
        )
    else:
        found = list(wanted.find(client))
    if found and not dry_run:
        if not yes:
            _ask(found)
        for one in found:
            one.delete(client.ledger)
    _show(found, output, is_deleted=not dry_run)


def _check(runs: Sequence[str], wanted: Filter) -> None:
    if bool(runs) == (wanted != Filter()):
        raise ConfigurationError(
            "runs are named, and asked for by options too" if runs else "it is not said which",
            who="runs delete",
            fix="Name runs, or give --older-than, --pipeline or --status.",
        )


def _ask(found: Sequence[Doomed]) -> None:
    """Raises `ConfigurationError` where nobody is there to answer, and `click.Abort` on a no."""
    number = "1 run" if len(found) == 1 else f"{len(found)} runs"
    if not sys.stdin.isatty() or not sys.stderr.isatty():
        raise ConfigurationError(
            f"{number} would be deleted, and nobody can be asked here",
            who="runs delete",
            fix="Look at them with --dry-run, and give --yes.",
        )
    for row in _rows(found):
        click.echo("  ".join(row).rstrip(), err=True)
    click.confirm(f"Delete {number}, with logs?", abort=True, err=True)


def _rows(found: Sequence[Doomed]) -> list[tuple[str, ...]]:
    moment = now()
    return [
        (one.run_id, one.pipeline or "?", one.status, ago(one.created, moment) if one.created else "?")
        for one in found
    ]


def _show(found: Sequence[Doomed], output: str, *, is_deleted: bool) -> None:
    if output == "json":
        documents.write({"deleted": is_deleted, "runs": [_fields(one) for one in found]})
    elif found:
        headers = ("RUN", "PIPELINE", "STATUS", "STARTED")
        tables.write(tables.table(headers, _rows(found), flexible=(1,)))
        done = (
            "deleted; what they made goes with: skylift gc --delete"
            " (and what the cache holds for longer: --cache-older-than 30d)"
        )
        click.echo(done if is_deleted else "these would be deleted", err=True)
    else:
        click.echo("there are no such runs that have ended", err=True)


def _fields(one: Doomed) -> dict[str, Any]:
    return {
        "id": one.run_id,
        "pipeline": one.pipeline,
        "status": one.status.value,
        "created": documents.moment(one.created),
    }
