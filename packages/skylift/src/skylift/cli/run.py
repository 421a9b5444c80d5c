"""`skylift run`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from skylift.cli import documents, stdout
from skylift.cli.commands import command, output_option
from skylift.cli.planning import Asked, asks_for_a_pipeline
from skylift.ledger.labels import Labels, checked_note
from skylift.stacks.build import store_hint
from skylift.tags import checked_tags
from skylift_contract.errors import ConfigurationError, RunFailed, RunStopped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skylift.authoring.pipelines import PipelineFunction
    from skylift.launch.plan import Plan
    from skylift.models import PipelineRun


@command(
    "run",
    short_help="Run a pipeline, or deploy its schedule.",
    examples=(
        "skylift run pipeline.py",
        "skylift run pipeline.py:train --param depth=8 --param 'sizes=[1, 2]'",
        "skylift run project.flows:train --config nightly.yaml --now",
        "skylift run pipeline.py --stack production --emulate",
        "skylift run pipeline.py --output json",
    ),
)
@asks_for_a_pipeline
@click.option("--now", is_flag=True, help="Run once, now, whatever the pipeline's schedule.")
@click.option("--emulate", is_flag=True, help="Run once on this machine, on an emulator of the backend.")
@click.option("--no-cache", is_flag=True, help="Run every step, and store nothing for later runs to take.")
@click.option("--no-wait", is_flag=True, help="Return when the run is submitted; its id goes to stdout.")
@click.option(
    "--tag", "tags", multiple=True, metavar="TAG", help="Find the run by it later; several may be given."
)
@click.option("--note", metavar="TEXT", help="Why it runs; kept with the run.")
@output_option()
def run(
    *,
    asked: Asked,
    now: bool,
    emulate: bool,
    no_cache: bool,
    no_wait: bool,
    tags: Sequence[str],
    note: str | None,
    output: str,
) -> int:
    """Run a pipeline, or deploy its schedule.

    PIPELINE may be left out where the file holds one only; `module:PIPELINE` works too.
    Values are read as the parameter's annotation says: plain text, numbers, JSON for lists.
    How the run goes is shown on stderr; the exit code is 0 for a run that completed, 1 for
    one that failed, 130 for one that was stopped. As JSON, stdout gets one document when it is
    over, and what steps print goes to stderr. A run of a backend goes on where this command
    ends before it: by Ctrl-C, which says so (130), or as it may ask the backend no more (75).
    """
    labels = Labels(checked_tags(tags), () if note is None else (checked_note(note),))
    if emulate:
        return _emulated(asked, labels, output, no_cache=no_cache, no_wait=no_wait)
    planned = asked.plan(_unscheduled) if now else asked.plan()
    return submit(_without_cache(planned) if no_cache else planned, labels, output, wait=not no_wait)


def _emulated(asked: Asked, labels: Labels, output: str, *, no_cache: bool, no_wait: bool) -> int:
    from skylift.launch.emulation import Emulation

    if no_wait:
        raise ConfigurationError(
            "the emulator is in this process, which has to stay for it", who="--no-wait", fix="Leave it out."
        )
    with Emulation() as emulation:
        planned = asked.plan(emulation.adapt)
        planned = replace(planned, notes=(*emulation.notes, *planned.notes))
        return submit(_without_cache(planned) if no_cache else planned, labels, output, wait=True)


def _without_cache(planned: Plan) -> Plan:
    from skylift.launch.cached import without_cache

    return replace(planned, snapshot=without_cache(planned.snapshot))


def _unscheduled(pipeline: PipelineFunction) -> PipelineFunction:
    return pipeline.with_options(schedule=None)


def submit(planned: Plan, labels: Labels, output: str, *, wait: bool) -> int:
    """Submit a plan, and show how it goes; the exit code."""
    from skylift.cli.answers import document_of, observer_beside
    from skylift.launch.submit import Submission, raise_unless_completed
    from skylift.models import PipelineRun

    orchestrator = planned.stack.orchestrator
    if not wait and orchestrator.config.is_synchronous:
        raise ConfigurationError(
            f"orchestrator {orchestrator.name!r} runs in this process, which has to stay for it",
            who="--no-wait",
            fix="Leave it out.",
        )
    submission = Submission(planned, observer_beside(output), wait=wait, labels=labels)
    made = submission.submit()
    if output == "json":
        documents.write(document_of(made, submission.ledger))
    if not isinstance(made, PipelineRun):
        return 0
    submission.check_over(made)
    if not wait and output != "json":
        _tell(made)
    try:
        raise_unless_completed(made)
    except (RunFailed, RunStopped) as error:
        return error.exit_code  # the summary has said why, and what to do next
    return 0


def _tell(run: PipelineRun) -> None:
    """The id of a run that goes on without this process; of its submission, while it has none."""
    if run.id is not None:
        stdout.write(f"{run.id}\n")
        return
    stdout.write(f"{run.submission_id}\n")
    click.echo(
        f"that is the submission's id, for {run.flavor} has not said the run's yet\n"
        f"next: skylift runs watch {run.submission_id}{store_hint(run.ledger.store.uri)}",
        err=True,
    )
