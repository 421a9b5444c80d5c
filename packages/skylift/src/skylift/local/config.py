"""What the local orchestrator may be told."""

from __future__ import annotations

from pydantic import Field

from skylift_contract.model import Settings
from skylift_contract.orchestrator import BaseOrchestratorConfig


class LocalOrchestratorConfig(BaseOrchestratorConfig):
    """One by one in this process, where breakpoints work, or in several processes."""

    max_parallelism: int = Field(
        default=1, ge=1, description="How many steps run at once; above 1, each in a process of its own."
    )

    @property
    def is_synchronous(self) -> bool:
        return True

    @property
    def is_remote(self) -> bool:
        return False


class LocalSettings(Settings):
    """For one pipeline, under `settings["orchestrator.local"]`."""

    max_parallelism: int | None = Field(default=None, ge=1)
