"""`skylift schedule`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from skylift.cli import complete
from skylift.cli.commands import Lazy, LazyGroup

if TYPE_CHECKING:
    from collections.abc import Callable

COMMANDS: Final = {
    "deploy": Lazy("skylift.cli.schedule.deploy:deploy", "Make or replace a pipeline's schedule."),
    "list": Lazy("skylift.cli.schedule.show:list_schedules", "All schedules, and when each fires next."),
    "describe": Lazy("skylift.cli.schedule.show:describe", "A schedule with its next and its last firings."),
    "update": Lazy("skylift.cli.schedule.update:update", "Have it fire at other times."),
    "pause": Lazy("skylift.cli.schedule.change:pause", "Have it fire no more until it is resumed."),
    "resume": Lazy("skylift.cli.schedule.change:resume", "Have it fire again."),
    "delete": Lazy("skylift.cli.schedule.change:delete", "Take it from its backend; its runs stay."),
}

schedule = LazyGroup(
    "schedule",
    commands_at=COMMANDS,
    help="Pipelines that run by themselves, on backends that fire without this machine.",
)


def schedule_argument() -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.argument("name", metavar="SCHEDULE", shell_complete=complete.schedules)
