"""`skylift schedule pause`, `resume` and `delete`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from skylift.cli.commands import command, place_options
from skylift.cli.schedule import schedule_argument
from skylift.client import Client
from skylift.launch.schedules import DELETE, PAUSE, RESUME, Action, apply, find

if TYPE_CHECKING:
    from collections.abc import Mapping

DONE: Final[Mapping[Action, str]] = {
    PAUSE: "is paused; a run of it that goes on goes on",
    RESUME: "is active again",
    DELETE: "is deleted; its runs stay",
}


def _change(action: Action, name: str, store: str | None) -> None:
    apply(find(Client(store).ledger, name), action)
    click.echo(f"schedule {name!r} {DONE[action]}", err=True)


@command(
    "pause",
    short_help="Have it fire no more until it is resumed.",
    examples=("skylift schedule pause daily",),
)
@schedule_argument()
@place_options()
def pause(*, name: str, store: str | None) -> None:
    """Have it fire no more until it is resumed.

    The backend is told first, then that is recorded; if it cannot be recorded, pause it again.
    """
    _change(PAUSE, name, store)


@command("resume", short_help="Have it fire again.", examples=("skylift schedule resume daily",))
@schedule_argument()
@place_options()
def resume(*, name: str, store: str | None) -> None:
    """Have it fire again; whether it fires for what it missed is its `catchup`."""
    _change(RESUME, name, store)


@command(
    "delete",
    short_help="Take it from its backend; its runs stay.",
    examples=("skylift schedule delete daily",),
)
@schedule_argument()
@place_options()
def delete(*, name: str, store: str | None) -> None:
    """Take it from its backend; its runs stay, and its name is free again.

    One that its backend has no more is forgotten here as well.
    """
    _change(DELETE, name, store)
