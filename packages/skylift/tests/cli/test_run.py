"""`skylift run`: what it starts, where, and what the process exits with."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING

import pytest

from skylift.client import Client
from skylift.local.flavor import CAPABILITIES
from skylift_contract.capability import Capability, no
from skylift_contract.enums import ExecutionStatus
from skylift_tests_support.commands import SKYLIFT

if TYPE_CHECKING:
    from pathlib import Path

    from skylift_tests_support.commands import Project

FLOW = """
from datetime import timedelta
from skylift import Schedule, pipeline, step

@step
def load() -> int:
    print("out")
    return 1

@step
def broken(value: int) -> int:
    raise ValueError("no")

@step
def stuck() -> int:
    with open("here", "w") as fifo:
        fifo.write("here")
    with open("never") as fifo:
        fifo.read()
    return 1

@step
def odd() -> int:
    return 1

@pipeline
def good() -> None:
    load()

@pipeline
def bad() -> None:
    broken(load())

@pipeline
def waits() -> None:
    stuck()

@pipeline(schedule=Schedule(cron_expression="0 2 * * *"))
def nightly() -> None:
    load()

@step(environment={"COLOR": "red"})
def colored() -> int:
    return 1

@pipeline
def degraded() -> None:
    colored()
"""


@pytest.fixture
def flow(project: Project) -> str:
    return project.write("flow.py", FLOW)


def test_a_run_that_completes(project: Project, flow: str) -> None:
    answer = project.skylift("run", f"{flow}:good")
    assert (answer.code, answer.out) == (0, "out\n")
    assert "load: completed in" in answer.err


def test_a_run_that_fails(project: Project, flow: str) -> None:
    answer = project.skylift("run", f"{flow}:bad")
    assert answer.code == 1
    assert re.fullmatch(
        r"error: run \S{36}: failed: step 'broken': ValueError: no\. See: skylift runs why \S{36}",
        answer.err.splitlines()[-1],
    )
    assert "raise error" not in answer.err  # nothing of how it got here


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_interrupted(project: Project, flow: str, number: signal.Signals) -> None:
    here = project.fifo("here")
    project.fifo("never")
    process = project.start(*SKYLIFT, "run", f"{flow}:waits")
    here.read_text()
    process.send_signal(number)
    out, err = process.communicate()

    assert (process.returncode, out) == (130, "")
    assert "stuck: stopped in" in err
    assert "it was stopped" in err.splitlines()[-1]
    assert Client(project.store).run("last").status is ExecutionStatus.STOPPED


def test_another_store(project: Project, flow: str, tmp_path: Path) -> None:
    other = f"file://{tmp_path}/other"
    assert project.skylift("run", f"{flow}:good", "--store", other).code == 0
    assert [run.pipeline for run in Client(other).runs()] == ["good"]
    assert list(Client(project.store).runs()) == []
    assert project.skylift("runs", "why", "last", "--store", other).code == 0


def test_a_schedule_that_is_not_deployed_is_said_and_now_needs_no_note(project: Project, flow: str) -> None:
    assert (
        "note: the schedule is not deployed, and this runs once"
        in project.skylift("run", f"{flow}:nightly").err
    )
    answer = project.skylift("run", f"{flow}:nightly", "--now")
    assert (answer.code, "note:" in answer.err) == (0, False)


def test_no_wait_where_there_is_nothing_to_leave(project: Project, flow: str) -> None:
    answer = project.skylift("run", f"{flow}:good", "--no-wait")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        "error: --no-wait: orchestrator 'local' runs in this process, which has to stay for it. Leave it out.\n"
    )
    assert list(Client(project.store).runs()) == []


def test_what_a_flavor_refuses_may_be_done_without(
    project: Project, flow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = {**CAPABILITIES, Capability.STEP_ENVIRONMENT: no("not here")}
    monkeypatch.setattr("skylift.local.flavor.CAPABILITIES", refusing)
    refused = project.skylift("run", f"{flow}:degraded")
    assert refused.code == 2
    assert "step 'colored' uses step_environment: not here" in refused.err
    assert "accept it with --allow-degraded" in refused.err

    taken = project.skylift("run", f"{flow}:degraded", "--allow-degraded", "step_environment")
    note = "step 'colored' uses step_environment: not here"
    assert taken.code == 0
    assert f"note: {note}\n" in taken.err
    assert f"notes       {note}\n" in project.skylift("runs", "describe", "last").out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            ("--allow-degraded", "gpu_tpye"),
            "--allow-degraded: there is no capability named 'gpu_tpye'. Did you mean 'gpu_type'?",
        ),
        (
            ("--orchestrator", "locl"),
            "flavor 'locl': no installed package brings it. Did you mean 'local'?",
        ),
        (("--stack", "defualt"), "there is no stack named 'defualt'. Did you mean 'default'?"),
        (
            ("--store", "/tmp/x"),
            "store '/tmp/x': it is no URI. For a folder on this machine write file:///tmp/x.",
        ),
    ],
)
def test_wrong_options(project: Project, flow: str, options: tuple[str, ...], sentence: str) -> None:
    answer = project.skylift("run", f"{flow}:good", *options)
    assert (answer.code, answer.err) == (2, f"error: {sentence}\n")


def test_the_right_options(project: Project, flow: str) -> None:
    assert project.skylift("run", f"{flow}:good", "--stack", "default", "--orchestrator", "local").code == 0


ELSEWHERE = """
from skylift import pipeline, step
from skylift.orchestrators import BaseOrchestrator, BaseOrchestratorConfig, SubmissionResult

class Config(BaseOrchestratorConfig):
    @property
    def is_remote(self) -> bool:
        return False

class Elsewhere(BaseOrchestrator):
    def get_orchestrator_run_id(self) -> str:
        return "execution/7"

    def submit_pipeline(self, snapshot, stack, base_environment, step_environments, placeholder_run=None):
        return SubmissionResult(wait_for_completion=self.wait, orchestrator_run_id="execution/7")

    def wait(self) -> None:
        print("waited")

@step
def load() -> int:
    return 1

@pipeline(orchestrator=Elsewhere(Config(), name="elsewhere", flavor="elsewhere"))
def remote() -> None:
    load()
"""


def test_no_wait_gives_the_id_and_leaves(project: Project) -> None:
    project.write("remote.py", ELSEWHERE)
    answer = project.skylift("run", "remote.py", "--no-wait")
    run = Client(project.store).run("last")

    assert (answer.code, answer.out) == (0, f"{run.id}\n")
    assert f"next: skylift runs watch {run.id}" in answer.err


def test_waiting_is_the_default(project: Project) -> None:
    project.write("remote.py", ELSEWHERE)
    assert project.skylift("run", "remote.py").out == "waited\n"
