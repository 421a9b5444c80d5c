"""What a command that submits something answers with, as `--output json` has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skylift.console import default_observer, plain_observer
from skylift.models import PipelineRun

if TYPE_CHECKING:
    from skylift.ledger.ledger import Ledger
    from skylift.observer import Observer
    from skylift_contract.run import DeployedSchedule


def observer_beside(output: str) -> Observer:
    """Who shows a run on stderr beside an answer on stdout: programs that take JSON log plain lines."""
    return plain_observer() if output == "json" else default_observer()


def document_of(made: PipelineRun | DeployedSchedule, ledger: Ledger) -> dict[str, Any]:
    """The document of `run` or of `schedule deploy`, whichever was made of the pipeline."""
    if not isinstance(made, PipelineRun):
        from skylift.cli.schedule.show import fields
        from skylift.launch.schedules import find

        return {"schedule": fields(find(ledger, made.name))}
    from skylift.cli.runs.describe import Description

    return {"run": Description.of(made).fields()}
