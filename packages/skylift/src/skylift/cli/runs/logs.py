"""`skylift runs logs`."""

from __future__ import annotations

import time
from operator import attrgetter
from typing import TYPE_CHECKING

import click

from skylift.cli import complete, documents, stdout
from skylift.cli.commands import command, output_option, place_options
from skylift.cli.runs import run_argument
from skylift.client import Client
from skylift.following import FIRST_PAUSE_S, GROWTH, LONGEST_PAUSE_S
from skylift.ledger.output import Output
from skylift.printed import RunOutput
from skylift.stacks.build import store_hint
from skylift.sub_runs import opened, place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from skylift.ledger.output import Printed
    from skylift.models import PipelineRun


@command(
    "logs",
    short_help="What steps printed.",
    examples=(
        "skylift runs logs last",
        "skylift runs logs 3f9ad2c1 train --follow",
        "skylift runs logs last --follow --output json",
    ),
)
@run_argument()
@click.argument("step", required=False, shell_complete=complete.steps)
@click.option("--follow", "-f", "is_followed", is_flag=True, help="Go on until the run ends.")
@place_options()
@output_option()
def logs(*, run: str, step: str | None, is_followed: bool, store: str | None, output: str) -> None:
    """What the steps of a run printed, or what one of them did, on stdout.

    Lines of several steps begin with the step's name; as JSON, each line is an object. What a
    step prints is stored a few seconds later, and what it printed last when it ends. Steps of a
    pipeline that the run's function called are named with its own: OUTER/STEP.
    """
    found = Client(store).run(run)
    stored, name = _stored(found, step)
    shown = _json if output == "json" else _shown(found, stored)
    is_empty = True
    for printed in _printed(found, stored, is_followed=is_followed):
        is_empty = False
        stdout.write(shown(printed))
    if is_empty:
        click.echo(_nothing(found, name), err=True)


def _stored(run: PipelineRun, step: str | None) -> tuple[Output | RunOutput, str]:
    """The output of a run or of one of its steps, and that one's whole name."""
    if step is None:
        return RunOutput(run), ""
    within, name = place_of(run, step)
    snapshot = within.snapshot_of
    found = name if name in snapshot.bindings else snapshot.step(name).spec.invocation_id
    if runs := opened(within, found):
        return RunOutput(runs, f"{step}/"), step
    return Output(within.ledger, str(within.id), [found]), f"{step.removesuffix(name)}{found}"


def _shown(run: PipelineRun, stored: Output | RunOutput) -> Callable[[Printed], str]:
    """As text; what can be of several steps says of which it is."""
    snapshot = run.snapshot_of
    has_one = not snapshot.is_dynamic and len(snapshot.step_configurations) == 1
    return attrgetter("text" if has_one or isinstance(stored, Output) else "labelled")


def _json(printed: Printed) -> str:
    """A LINE of `documents` each."""
    place = {"step": printed.step, "attempt": printed.attempt}
    return "".join(documents.line({**place, "line": line}) for line in printed.lines)


def _nothing(run: PipelineRun, step: str) -> str:
    """Why nothing can be shown; of a step that was asked for by its name, where its output is."""
    if step and (origin := run.step(step).cached_from):
        return (
            f"step {step!r} did not run: its outputs are from run {origin.run_id}\n"
            f"next: skylift runs logs {origin.run_id} {origin.invocation_id}"
            f"{store_hint(run.ledger.store.uri)}"
        )
    return "nothing was printed" if is_ended(run) else "nothing is stored yet"


def is_ended(run: PipelineRun) -> bool:
    return run.end is not None or run.fetch().status.is_finished


def _printed(run: PipelineRun, output: Output | RunOutput, *, is_followed: bool) -> Iterator[Printed]:
    """Lines as they are stored; the last look comes after the run was seen to have ended."""
    wait = FIRST_PAUSE_S
    while is_followed and not is_ended(run):
        new = list(output.new())
        yield from new
        wait = FIRST_PAUSE_S if new else min(wait * GROWTH, LONGEST_PAUSE_S)
        time.sleep(wait)
    yield from output.new()
    yield from output.rest()
