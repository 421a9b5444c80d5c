"""`skylift runs`: what the ledger says of runs."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any, Final

import click

from skylift.cli import complete
from skylift.cli.commands import Lazy, LazyGroup

if TYPE_CHECKING:
    from collections.abc import Callable

COMMANDS: Final = {
    "list": Lazy("skylift.cli.runs.listing:list_runs", "The newest runs."),
    "describe": Lazy("skylift.cli.runs.describe:describe", "A run with its steps, parameters and outputs."),
    "logs": Lazy("skylift.cli.runs.logs:logs", "What steps printed."),
    "why": Lazy("skylift.cli.runs.why:why", "Why a run failed, or stands as it stands."),
    "watch": Lazy("skylift.cli.runs.watch:watch", "Follow a run until it ends."),
    "stop": Lazy("skylift.cli.runs.stop:stop", "Stop a run."),
    "resume": Lazy("skylift.cli.runs.resume:resume", "Do what a run has left."),
    "tag": Lazy("skylift.cli.runs.label:tag", "Give a run tags, or take them away."),
    "note": Lazy("skylift.cli.runs.label:note", "Say something of a run."),
    "delete": Lazy("skylift.cli.runs.delete:delete", "Delete runs, with their logs."),
}


COLLECTED_AFTER: Final = 50_000
"""Objects. Python's 700 has it look for cycles a hundred times while a thousand records are read."""


@click.group("runs", cls=LazyGroup, commands_at=COMMANDS)
@click.pass_context
def runs(ctx: click.Context) -> None:
    """Look at runs, stop, resume, tag and delete them.

    RUN is a run's id, the start of one that only one run has, or `last`.
    """
    before = gc.get_threshold()
    gc.set_threshold(COLLECTED_AFTER, *before[1:])
    ctx.call_on_close(lambda: gc.set_threshold(*before))


def run_argument() -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.argument("run", metavar="RUN", shell_complete=complete.runs)
