from __future__ import annotations

import pytest

from skylift_contract.errors import RunIdError
from skylift_docker.config import DockerOrchestratorConfig
from skylift_docker.orchestrator import DockerOrchestrator


def test_a_step_reads_its_runs_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYLIFT_ORCHESTRATOR_RUN_ID", "own/7")
    assert DockerOrchestrator(DockerOrchestratorConfig()).get_orchestrator_run_id() == "own/7"


def test_a_process_that_is_no_step_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SKYLIFT_ORCHESTRATOR_RUN_ID", raising=False)
    with pytest.raises(RunIdError, match=r"environment variable SKYLIFT_ORCHESTRATOR_RUN_ID"):
        DockerOrchestrator(DockerOrchestratorConfig()).get_orchestrator_run_id()
