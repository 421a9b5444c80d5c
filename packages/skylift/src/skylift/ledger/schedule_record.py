"""The record of a schedule that is deployed."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 -- pydantic reads the annotations
from typing import Final

from pydantic import Field

from skylift.ledger.records import Record, now
from skylift_contract.run import DeployedSchedule  # noqa: TC001
from skylift_contract.schedule import Schedule  # noqa: TC001

DELETED: Final = "deleted"
"""The state of a schedule that is a tombstone."""


class ScheduleRecord(Record):
    """A revision of a deployed schedule; its state `deleted` is the tombstone.

    `submission_id`: of the request that deployed it, which says on what. `timing`: when it
    fires, where that was changed after its snapshot was made; it holds from `since`.
    """

    schedule: DeployedSchedule
    project: str = ""
    submission_id: str | None = None
    timing: Schedule | None = None
    since: datetime = Field(default_factory=now)

    @property
    def is_deleted(self) -> bool:
        return self.schedule.state == DELETED
