"""A backend on other machines, which nobody here has, and its emulator, which runs the steps here."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from skylift.orchestrators import (
    BaseOrchestrator,
    BaseOrchestratorConfig,
    BaseOrchestratorFlavor,
    SubmissionResult,
)
from skylift_contract.containers import step_arguments
from skylift_contract.emulation import Emulated
from skylift_contract.errors import NotFound
from skylift_contract.run_id import Env

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    import pytest

    from skylift_contract.snapshot import PipelineSnapshot

RUN_ID = "DISTANT_RUN_ID"
ENDPOINT = "DISTANT_ENDPOINT"
TOKEN = "DISTANT_TOKEN"


class DistantConfig(BaseOrchestratorConfig):
    account: str

    @property
    def is_remote(self) -> bool:
        return True


class DistantOrchestrator(BaseOrchestrator):
    run_id_sources = (Env(name=RUN_ID),)

    def get_orchestrator_run_id(self) -> str:
        return os.environ[RUN_ID]

    def submit_pipeline(
        self,
        snapshot: PipelineSnapshot,
        stack: Any,
        base_environment: dict[str, str],
        step_environments: dict[str, dict[str, str]],
        placeholder_run: Any = None,
    ) -> SubmissionResult:
        if os.environ.get(ENDPOINT) != "emulator" or self.config.account != "emulated" or TOKEN in os.environ:
            raise NotFound("it is far away", operation="distant:Start", code="404")
        own = uuid.uuid4().hex
        for name, environment in step_environments.items():
            variables = {"PATH": os.environ["PATH"], **environment, RUN_ID: own}
            subprocess.run(
                [sys.executable, *step_arguments(snapshot, name)], env=variables, cwd="/", check=False
            )
        return SubmissionResult(lambda: None, orchestrator_run_id=own)


class DistantFlavor(BaseOrchestratorFlavor):
    @property
    def name(self) -> str:
        return "distant"

    @property
    def config_class(self) -> type[DistantConfig]:
        return DistantConfig

    @property
    def implementation_class(self) -> type[DistantOrchestrator]:
        return DistantOrchestrator


@contextmanager
def emulated(config: DistantConfig) -> Generator[Emulated]:
    assert config.account != "emulated"
    yield Emulated({ENDPOINT: "emulator"}, ("DISTANT_",), {"account": "emulated"}, ("it has no machines",))


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, emulator: str) -> None:
    """Have the flavor found, and its emulator at `module:name`; none where that is empty."""
    info = folder / "distant-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: distant\nVersion: 1.0\n")
    points = "[skylift.orchestrators]\ndistant = skylift_tests_support.distant:DistantFlavor\n"
    points += f"[skylift.emulators]\ndistant = {emulator}\n" if emulator else ""
    (info / "entry_points.txt").write_text(points)
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
