"""`skylift runs stop`."""

from __future__ import annotations

import click

from skylift.cli.commands import command, place_options
from skylift.cli.runs import run_argument
from skylift.client import Client
from skylift.console.words import status_word
from skylift.launch.provenance import user
from skylift.stopping import stop as stop_run
from skylift.stopping import why_steps_finish


@command(
    "stop",
    short_help="Stop a run.",
    examples=(
        "skylift runs stop last",
        "skylift runs stop 3f9ad2c1 --graceful",
    ),
)
@run_argument()
@click.option("--graceful", is_flag=True, help="Let the steps that run now finish, and start no other.")
@place_options()
def stop(*, run: str, graceful: bool, store: str | None) -> None:
    """Stop a run, and wait until it has stopped; a backend is asked to, and not waited for.

    Ctrl-C ends the waiting; the request to stop stays.
    """
    found = Client(store).run(run)
    status = stop_run(found, graceful=graceful, user=user())
    if status.status.is_finished:
        click.echo(f"run {found.id} has ended: {status_word(status.status)}", err=True)
        return
    why = why_steps_finish(found)
    running = f", and what runs now finishes, for {why}" if why else ""
    ends = "" if graceful or why else f", and {found.flavor} ends what runs"
    click.echo(f"run {found.id} was asked to stop: no other step starts{running}{ends}", err=True)
    click.echo(f"see: skylift runs watch {found.id}", err=True)
