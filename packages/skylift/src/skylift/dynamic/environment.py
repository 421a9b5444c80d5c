"""A dynamic run in a process that was started for it: a container's, a job's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from skylift.dynamic.compiling import accepted_in
from skylift.dynamic.orchestrate import Surroundings, orchestrate
from skylift.flavors import capabilities, flavor_of
from skylift.runtime.opening import made_again
from skylift.runtime.step import EXIT_FAILED, EXIT_OK, EXIT_STOPPED
from skylift_contract import card
from skylift_contract.check import check
from skylift_contract.enums import ExecutionStatus
from skylift_contract.environment import STORE_ENV, STORE_OPTIONS_ENV, SUBMISSION_ENV
from skylift_contract.errors import ConfigurationError
from skylift_contract.run_id import RUN_OWNER_ENV

if TYPE_CHECKING:
    from skylift.runtime.active import ActiveRun
    from skylift_contract.snapshot import PipelineSnapshot

LIMIT: Final = 32
"""Steps at once, where the pipeline sets none: what a small machine can wait for in threads."""

PASSED_ON: Final = (STORE_ENV, STORE_OPTIONS_ENV, SUBMISSION_ENV, RUN_OWNER_ENV)


def orchestrated(run: ActiveRun) -> int:
    """Take the run to its end, once more where a process before this one was killed; the exit code."""
    run.ledger.reopen(run.id)
    snapshot, source = run.snapshot, run.snapshot.runtime.orchestrator
    if source is None:
        raise ConfigurationError(
            "its snapshot does not say which orchestrator starts its isolated steps",
            who=f"run {run.id}",
            fix="Submit it anew: it was made for a static run.",
        )
    orchestrator = made_again(source, snapshot.runtime.flavor)
    able, flavor = capabilities(orchestrator), flavor_of(orchestrator)

    def checked(found: PipelineSnapshot) -> None:
        check(found, orchestrator.flavor, able, accepted_in(found))

    around = Surroundings(
        isolation=orchestrator,
        environment={name: os.environ[name] for name in PASSED_ON if name in os.environ},
        limit=snapshot.pipeline_configuration.max_concurrent_steps or LIMIT,
        settings_class=card.settings_class(flavor) if flavor else None,
        check=checked,
    )
    return _EXITS.get(orchestrate(run, around).status, EXIT_FAILED)


_EXITS: Final = {ExecutionStatus.COMPLETED: EXIT_OK, ExecutionStatus.STOPPED: EXIT_STOPPED}
