"""The record of a run that a process of ours takes to its end."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from skylift.ledger.ledger import Ledger
from skylift.ledger.records import RunRecord
from skylift.runtime.active import ActiveRun
from skylift.store.location import open_store
from skylift_contract.run_id import canonical, run_id

if TYPE_CHECKING:
    from skylift_contract.orchestrator import BaseOrchestrator
    from skylift_contract.run import PipelineRun
    from skylift_contract.snapshot import PipelineSnapshot
    from skylift_contract.stack import Stack


def own_run_id(orchestrator: BaseOrchestrator, submission: str | None) -> str:
    """Component's id / submission's id: of a backend that gives runs no id of their own."""
    return canonical(submission or os.urandom(16).hex(), owner=str(orchestrator.id))


def opened_run(
    orchestrator: BaseOrchestrator,
    snapshot: PipelineSnapshot,
    stack: Stack,
    placeholder_run: PipelineRun | None,
) -> ActiveRun:
    """A run that this process makes, its record written."""
    submission = placeholder_run.submission_id if placeholder_run else None
    orchestrator_run_id = own_run_id(orchestrator, submission)
    ledger = Ledger(open_store(stack.artifact_store.uri, stack.artifact_store.options))
    record = RunRecord(
        run_id=str(run_id(orchestrator.flavor, orchestrator_run_id)),
        orchestrator_run_id=orchestrator_run_id,
        project=snapshot.project,
        pipeline=snapshot.name,
        snapshot=snapshot.digest,
        flavor=orchestrator.flavor,
        submission_id=submission,
        is_signalled=threading.current_thread() is threading.main_thread(),
    )
    return ActiveRun(ledger, snapshot, ledger.open_run(record))
