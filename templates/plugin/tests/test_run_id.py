from __future__ import annotations

import pytest
from skylift___plugin__.config import __Plugin__OrchestratorConfig
from skylift___plugin__.orchestrator import __Plugin__Orchestrator
from skylift_contract.errors import RunIdError


def test_a_step_reads_its_runs_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("__PLUGIN___RUN_ID", "run-7")
    assert __Plugin__Orchestrator(__Plugin__OrchestratorConfig()).get_orchestrator_run_id() == "run-7"


def test_a_process_that_is_no_step_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("__PLUGIN___RUN_ID", raising=False)
    with pytest.raises(RunIdError, match=r"environment variable __PLUGIN___RUN_ID"):
        __Plugin__Orchestrator(__Plugin__OrchestratorConfig()).get_orchestrator_run_id()
