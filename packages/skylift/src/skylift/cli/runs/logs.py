"""`skylift runs logs`."""

from __future__ import annotations

import time
from operator import attrgetter
from typing import TYPE_CHECKING

import click

from skylift.backend_logs import backend_lines, untold
from skylift.cli import complete, documents, stdout
from skylift.cli.commands import command, output_option, place_options
from skylift.cli.runs import run_argument
from skylift.client import Client
from skylift.console.words import printable
from skylift.following import FIRST_PAUSE_S, GROWTH, LONGEST_PAUSE_S
from skylift.ledger.output import Output, Printed
from skylift.printed import RunOutput
from skylift.stacks.build import store_hint
from skylift.sub_runs import opened, place_of
from skylift_contract.errors import NotFound, SkyliftError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
    step prints is stored a few seconds later, and what it printed last when it ends. Of a step
    that could store nothing, the backend's own log is shown. Steps of a pipeline that the run's
    function called are named with its own: OUTER/STEP.
    """
    found = Client(store).run(run)
    stored, name = _stored(found, step)
    shown = _json if output == "json" else _shown(found, stored)
    told = set[str]()
    for printed in _printed(found, stored, is_followed=is_followed):
        told.add(printed.step)
        stdout.write(shown(printed))
    unstored = _Unstored(found, name)
    for printed in unstored.printed(told):
        stdout.write(shown(printed))
    if not told and not unstored.has_told:
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


class _Unstored:
    """What the run's backend has of steps that stored nothing; `has_told`: lines, or why there are none.

    Where lines are from, and what cannot be read, is said on stderr.
    """

    def __init__(self, run: PipelineRun, name: str) -> None:
        self._run, self._name = place_of(run, name) if name else (run, "")
        self.has_told = False

    def printed(self, told: set[str]) -> Iterator[Printed]:
        """`told`: invocation ids of steps that stored something."""
        for step, attempt in untold(self._run, told, self._name).items():
            try:
                yield from self._of(step, attempt)
            except NotFound as error:
                self._note(step, f"{self._log} of it cannot be read: {error}")
            except SkyliftError as error:  # what refuses one refuses the rest
                self._note(step, f"{self._log} cannot be read: {error}")
                return

    def _of(self, step: str, attempt: int) -> Iterator[Printed]:
        for number, line in enumerate(backend_lines(self._run, step)):
            if not number:
                self._note(step, f"this is from {self._log}")
            yield Printed(step, attempt, (line,))

    @property
    def _log(self) -> str:
        return f"the log that {self._run.flavor} keeps"

    def _note(self, step: str, what: str) -> None:
        self.has_told = True
        click.echo(f"note: nothing of step {step!r} is stored; {printable(what)}", err=True)


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
