"""A run whose record cannot be read here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from skylift_contract.errors import StoreError


@dataclass(frozen=True, slots=True)
class UnreadRun:
    """A run that the index names, and whose record cannot be read here: what else is known is nothing."""

    run_id: str
    created: datetime
    error: StoreError
    orchestrator_run_id: None = None
    project: None = None
    pipeline: None = None
    snapshot: None = None
    flavor: None = None
    submission_id: None = None
