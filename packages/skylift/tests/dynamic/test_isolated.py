"""An isolated step whose orchestrator fails in a way that no orchestrator should."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from skylift_tests_support import dynamic_steps
from skylift_tests_support.dynamic_runs import orchestrated, status_of

from skylift.runtime.isolation import StepProcesses
from skylift_contract.enums import ExecutionStatus

if TYPE_CHECKING:
    from pathlib import Path

    from skylift.runtime.active import ActiveRun

steps: Any = dynamic_steps

DEFECT = (
    "this is a defect of Skylift or of its flavor 'local', and none of the step's code: KeyError: 'an-id'. Please "
    "report it with the traceback in the output of the pipeline's function."
)


@pytest.mark.parametrize(
    ("method", "before"),
    [("submit_isolated_step", "it could not be started: "), ("get_isolated_step_status", "")],
)
def test_its_reason_says_whose_fault_it_is_and_the_output_where(
    stoppable: ActiveRun,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    before: str,
) -> None:
    def breaks(*_: object) -> None:
        raise KeyError("an-id")

    monkeypatch.setattr(StepProcesses, method, breaks)

    end = orchestrated(stoppable, lambda: steps.note_apart(str(tmp_path / "journal"), "isolated"))

    assert (end.status, end.reason) == (ExecutionStatus.FAILED, f"step 'note_apart': {before}{DEFECT}")
    assert status_of(stoppable).steps["note_apart"].reason == f"{before}{DEFECT}"
    shown = capsys.readouterr().err
    assert "in breaks" in shown
    assert shown.endswith("KeyError: 'an-id'\n")
