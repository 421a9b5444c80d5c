"""`skylift schedule deploy`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skylift.cli import documents
from skylift.cli.commands import command, output_option
from skylift.cli.planning import Asked, asks_for_a_pipeline
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skylift.authoring.pipelines import PipelineFunction
    from skylift_contract.errors import SkyliftError
    from skylift_contract.orchestrator import BaseOrchestrator


@command(
    "deploy",
    short_help="Make or replace a pipeline's schedule.",
    examples=(
        "skylift schedule deploy pipeline.py:daily",
        "skylift schedule deploy pipeline.py:daily --stack production --param depth=8",
    ),
)
@asks_for_a_pipeline
@output_option()
def deploy(*, asked: Asked, output: str) -> None:
    """Make or replace a pipeline's schedule; nothing starts before it fires.

    What fires is what is deployed now: later changes of the source want another deploy. The
    same name is refused to another project, pipeline or orchestrator. Refused, with the
    reason, by a flavor that does not schedule.
    """
    from skylift.cli.answers import document_of, observer_beside
    from skylift.launch.submit import Submission

    submission = Submission(asked.plan(_scheduled, _unkept), observer_beside(output))
    made = submission.submit()
    if output == "json":
        documents.write(document_of(made, submission.ledger))


def _scheduled(pipeline: PipelineFunction) -> PipelineFunction:
    if pipeline.options.schedule is None:
        fix = 'Give it one: @pipeline(schedule=Schedule(cron_expression="0 2 * * *"))'
        raise ConfigurationError("it has no schedule", who=pipeline.who, fix=fix)
    return pipeline


def _unkept(orchestrator: BaseOrchestrator) -> Iterator[SkyliftError]:
    """Why no schedule can be deployed there, where none can: `run` would run it once instead."""
    from skylift.flavors import capabilities
    from skylift.launch.plan import can_schedule
    from skylift_contract.capability import Capability
    from skylift_contract.check import UNDECLARED

    able = capabilities(orchestrator)
    if not can_schedule(able):
        why = able.get(Capability.SCHEDULE_CRON, UNDECLARED).describe()
        yield ConfigurationError(
            f"{orchestrator.flavor} does not schedule: {why}",
            who=f"orchestrator {orchestrator.name!r}",
            fix="Deploy it on another stack, with --stack; or run it once: skylift run FILE.py --now",
        )
