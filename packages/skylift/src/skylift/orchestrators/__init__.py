"""The documented interface's import path for what an orchestrator is made of."""

from __future__ import annotations

from skylift_contract.flavor import BaseOrchestratorFlavor
from skylift_contract.orchestrator import (
    BaseOrchestrator,
    BaseOrchestratorConfig,
    ContainerizedOrchestrator,
    SubmissionResult,
)

__all__ = [
    "BaseOrchestrator",
    "BaseOrchestratorConfig",
    "BaseOrchestratorFlavor",
    "ContainerizedOrchestrator",
    "SubmissionResult",
]
