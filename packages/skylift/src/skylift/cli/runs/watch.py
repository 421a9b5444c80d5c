"""`skylift runs watch`."""

from __future__ import annotations

from skylift.cli.commands import command, place_options
from skylift.cli.runs import run_argument
from skylift.client import Client
from skylift.console import default_observer
from skylift.following import elapsed, follow
from skylift.observer import observed
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import RunStopped

EXIT_FAILED = 1


@command(
    "watch",
    short_help="Follow a run until it ends.",
    examples=(
        "skylift runs watch last",
        "skylift runs watch 3f9ad2c1 && echo done",
    ),
)
@run_argument()
@place_options()
def watch(run: str, store: str | None) -> int:
    """Follow a run until it ends, wherever it runs.

    The exit code is the run's: 0 for one that completed, 1 for one that failed, 130 for
    one that was stopped. Ctrl-C ends the watching, not the run.
    """
    found = Client(store).run(run)
    with observed(default_observer()) as observer:
        observer.submitting(found.snapshot_of, found.flavor, found.ledger.store.uri)
        record = found.record
        observer.started(str(found.id), elapsed(record.created) if record else 0.0)
        status = follow(found, observer)
        observer.ended(found, status)
    if status.status is ExecutionStatus.STOPPED:
        return RunStopped.exit_code
    return 0 if status.status.is_successful else EXIT_FAILED
