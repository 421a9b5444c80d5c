"""`skylift runs tag` and `skylift runs note`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from skylift.cli.commands import command, place_options
from skylift.cli.runs import run_argument
from skylift.client import Client

if TYPE_CHECKING:
    from collections.abc import Sequence


@command(
    "tag",
    short_help="Give a run tags, or take them away.",
    examples=("skylift runs tag last add baseline", "skylift runs tag 3f9ad2c1 remove baseline draft"),
)
@run_argument()
@click.argument("change", type=click.Choice(["add", "remove"]))
@click.argument("tags", metavar="TAG...", nargs=-1, required=True)
@place_options()
def tag(*, run: str, change: str, tags: Sequence[str], store: str | None) -> None:
    """Give a run tags, or take them away; those of its pipeline too, for this run only."""
    found = Client(store).run(run)
    if change == "add":
        found.add_tags(*tags)
    else:
        found.remove_tags(*tags)
    click.echo(f"run {found.id} has the tags: {', '.join(found.tags) or 'none'}", err=True)


@command(
    "note",
    short_help="Say something of a run.",
    examples=("skylift runs note last 'before the new data'",),
)
@run_argument()
@click.argument("text", metavar="TEXT")
@place_options()
def note(*, run: str, text: str, store: str | None) -> None:
    """Say something of a run; `runs describe` shows it, and nothing takes it back."""
    found = Client(store).run(run)
    found.add_note(text)
    click.echo(f"run {found.id} has the note", err=True)
