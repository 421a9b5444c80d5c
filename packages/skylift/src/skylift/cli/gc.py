"""`skylift gc`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from skylift.cli import documents, tables
from skylift.cli.ages import AGE, written
from skylift.cli.commands import command, output_option, place_options
from skylift.client import Client
from skylift.garbage import collection
from skylift.ledger.records import now

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import timedelta

    from skylift.garbage.collection import Garbage


@command(
    "gc",
    short_help="Delete what no run needs any more.",
    examples=("skylift gc", "skylift gc --delete", "skylift gc --cache-older-than 30d"),
)
@click.option("--delete", is_flag=True, help="Delete it; otherwise it is only counted.")
@click.option(
    "--grace",
    type=AGE,
    default="24h",
    show_default=True,
    metavar="AGE",
    help="Leave what was written since; at least 24h.",
)
@click.option(
    "--cache-older-than",
    type=AGE,
    metavar="AGE",
    help="Entries of the cache, too, that no run has made since: 30d, 8w, 0s.",
)
@place_options()
@output_option()
def gc(
    *, delete: bool, grace: timedelta, cache_older_than: timedelta | None, store: str | None, output: str
) -> None:
    """Count, or delete, what no run, schedule, open submission or cache entry needs.

    An entry of the cache stays, with the artifacts it names, until it expires, which by default it
    never does: --cache-older-than drops those that are older. Artifacts stay for the grace then too.

    That may be done while pipelines run. Where a record cannot be read nothing is deleted, for
    what it needs is not known.
    """
    client, moment = Client(store), now()
    found = list(collection.find(client.ledger, moment, grace, cache_older_than))
    if delete:
        found = [one for one in found if collection.delete(client.ledger.store, one, moment - grace)]
    if output == "json":
        documents.write({"deleted": delete, "kinds": [_fields(kind, found) for kind in collection.KINDS]})
    else:
        tables.write(_lines(found))
        _tell(found, cache_older_than, delete=delete)


def _fields(kind: str, found: Sequence[Garbage]) -> dict[str, Any]:
    own = [one for one in found if one.kind == kind]
    return {
        "kind": kind,
        "count": len(own),
        "bytes": sum(one.size for one in own),
        "names": [one.name for one in own],
    }


def _lines(found: Sequence[Garbage]) -> Iterator[str]:
    if not found:
        return
    counted = [_fields(kind, found) for kind in collection.KINDS]
    rows = [
        (collection.KINDS[one["kind"]], str(one["count"]), str(one["bytes"]))
        for one in counted
        if one["count"]
    ]
    yield from tables.table(("WHAT", "COUNT", "BYTES"), rows, flexible=())


def _tell(found: Sequence[Garbage], cache_older_than: timedelta | None, *, delete: bool) -> None:
    if not found:
        click.echo("nothing is to be deleted", err=True)
    elif delete:
        click.echo("that is deleted", err=True)
    else:
        cache = "" if cache_older_than is None else f" --cache-older-than {written(cache_older_than)}"
        click.echo(f"delete that with: skylift gc --delete{cache}", err=True)
