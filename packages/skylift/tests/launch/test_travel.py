"""What is defined in this process only is not handed to another."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import documented_orchestrator as written
import pytest
from skylift_tests_support.backends import Here, Processes
from skylift_tests_support.runs import make_snapshot, make_step

from skylift.launch.travel import check_travels, file_of_steps
from skylift.local.config import LocalOrchestratorConfig
from skylift.local.orchestrator import LocalOrchestrator
from skylift_contract.errors import AuthoringError
from skylift_contract.orchestrator import BaseOrchestratorConfig
from skylift_contract.schedule import Schedule

if TYPE_CHECKING:
    from skylift_contract.orchestrator import BaseOrchestrator
    from skylift_contract.snapshot import PipelineSnapshot

REMOTE = Processes(BaseOrchestratorConfig(), flavor="faraway")
CONTAINERS = written.MyOrchestrator(
    written.MyOrchestratorConfig(region="r", execution_role="me"), flavor="my_orchestrator"
)
LOCAL = LocalOrchestrator(LocalOrchestratorConfig(), flavor="local")


def snapshot_of(source: str, **config: Any) -> PipelineSnapshot:
    made = make_step("train", **config)
    return make_snapshot(made.model_copy(update={"spec": made.spec.model_copy(update={"source": source})}))


@pytest.mark.parametrize("orchestrator", [REMOTE, CONTAINERS])
def test_a_flavor_that_runs_steps_elsewhere_refuses_a_step_of_a_prompt(
    orchestrator: BaseOrchestrator,
) -> None:
    with pytest.raises(
        AuthoringError,
        match=r"^step 'train': it is defined in a program that is no file: it exists in this process only, and "
        rf"{orchestrator.flavor} runs each step in another\. Move it to a module that the program imports, or "
        r"run it here: with_options\(orchestrator=\"local\"\)\.$",
    ):
        check_travels(snapshot_of("__main__:train"), orchestrator)


def test_a_schedule_starts_steps_in_another_process() -> None:
    every_day = Schedule(interval_second=timedelta(days=1))
    scheduled = snapshot_of("__main__:train").model_copy(update={"schedule": every_day})
    with pytest.raises(
        AuthoringError,
        match=r"and a schedule starts it in another\. .*, or run it once, now, with run_now\(\)\.$",
    ):
        check_travels(scheduled, Processes(Here(), flavor="processes"))


@pytest.mark.parametrize("hook", ["on_failure", "on_success"])
def test_a_hook_of_a_prompt_stays_too(hook: str) -> None:
    with pytest.raises(AuthoringError, match=r"^step 'train', hook: it is defined in a program"):
        check_travels(snapshot_of("module:train", **{hook: "__main__:tell"}), REMOTE)
    made = snapshot_of("module:train")
    told = made.pipeline_configuration.model_copy(update={hook: "__main__:tell"})
    with pytest.raises(AuthoringError, match=rf"^pipeline '{made.name}', hook: it is defined in a program"):
        check_travels(made.model_copy(update={"pipeline_configuration": told}), REMOTE)


def test_the_function_of_a_static_pipeline_may_stay_and_a_dynamic_ones_goes_along() -> None:
    made = snapshot_of("module:train")
    mine = made.pipeline_configuration.model_copy(update={"source": "__main__:flow"})
    check_travels(made.model_copy(update={"pipeline_configuration": mine}), REMOTE)
    dynamic = mine.model_copy(update={"dynamic": True})
    with pytest.raises(AuthoringError, match=rf"^pipeline '{made.name}': it is defined in a program"):
        check_travels(made.model_copy(update={"pipeline_configuration": dynamic}), REMOTE)


def test_in_this_process_nothing_is_refused() -> None:
    check_travels(snapshot_of("__main__:train", on_failure="__main__:tell"), LOCAL)


def test_the_project_is_that_of_a_step_in_a_file() -> None:
    assert file_of_steps(snapshot_of("__main__:train")) is None
    found = file_of_steps(snapshot_of("skylift_tests_support.runs:make_step"))
    assert found is not None
    assert found.name == "runs.py"
