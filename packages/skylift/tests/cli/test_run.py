"""`skylift run`: what it starts, where, and what the process exits with."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING

import pytest
from skylift_tests_support.commands import SKYLIFT
from skylift_tests_support.runs import make_record

from skylift.client import Client
from skylift.local.flavor import CAPABILITIES
from skylift_contract.capability import Capability, no
from skylift_contract.enums import ExecutionStatus

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
    lines = answer.err.splitlines()
    (said,) = (line for line in lines if "ValueError: no" in line and not line.startswith("ValueError"))
    assert re.fullmatch(r"broken: failed in .+: ValueError: no", said)
    assert any(re.fullmatch(r"run \S{36} failed in .+ \(.+\): step 'broken'", line) for line in lines)
    assert re.fullmatch(r"      skylift runs describe \S{36}", lines[-1])
    assert "raise error" not in answer.err  # nothing of how it got here


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_interrupted(project: Project, flow: str, number: signal.Signals) -> None:
    here = project.fifo("here")
    project.fifo("never")
    process = project.start(*SKYLIFT, "run", f"{flow}:waits")
    here.read_text()
    process.send_signal(number)
    out, err = process.communicate()

    assert (process.returncode, out) == (130, "")
    by = {signal.SIGINT: "Ctrl-C", signal.SIGHUP: "SIGHUP: its terminal is gone"}.get(number, "SIGTERM")
    assert re.search(rf"^stuck: stopped in .+: it was stopped by {by}$", err, re.MULTILINE)
    assert Client(project.store).run("last").reason == f"step 'stuck': it was stopped by {by}"
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
        "error: --no-wait: orchestrator 'default' runs in this process, which has to stay for it. Leave it out.\n"
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
            "there is no orchestrator named 'locl'. Did you mean 'local'? Registered: default; flavors: local.",
        ),
        (
            ("--orchestrator", "zz"),
            (
                "there is no orchestrator named 'zz'. Register one, skylift orchestrator register NAME "
                "--flavor=FLAVOR; a flavor of your own, skylift orchestrator flavor register module.Class; or give "
                "an instance of its orchestrator, with its options. Registered: default; flavors: local."
            ),
        ),
        (
            ("--stack", "defualt"),
            "there is no stack named 'defualt'. Did you mean 'default'? See: skylift stack list",
        ),
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


def test_ctrl_c_says_nothing_of_a_run_that_this_machine_makes(project: Project) -> None:
    """What makes it may be this very process, or what ends with it."""
    project.write("remote.py", ELSEWHERE.replace('print("waited")', "raise KeyboardInterrupt"))
    answer = project.skylift("run", "remote.py")
    assert answer.code == 130
    assert answer.err.splitlines()[-1] == "stopped"


def test_no_wait_for_a_backend_that_says_no_id(project: Project) -> None:
    project.write("remote.py", ELSEWHERE.replace(', orchestrator_run_id="execution/7"', ""))
    answer = project.skylift("run", "remote.py", "--no-wait")
    submission = answer.out.strip()

    assert answer.code == 0
    assert answer.err.endswith(
        f"that is the submission's id, for elsewhere has not said the run's yet\n"
        f"next: skylift runs watch {submission}\n"
    )
    ledger = Client(project.store).ledger
    request = ledger.request(submission)
    assert request is not None
    assert project.skylift("runs", "describe", submission).err == (
        f"error: submission {submission}: none of its steps has started, so elsewhere has not said which run "
        "it is. Look again in a while.\n"
    )
    ledger.open_run(make_record(ledger.snapshot(request.snapshot), submission_id=submission))
    assert project.skylift("runs", "describe", submission).code == 0


def test_a_run_goes_on_when_nobody_reads_what_it_prints(project: Project, flow: str) -> None:
    process = project.start(*SKYLIFT, "run", f"{flow}:good")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stderr.close()
    process.wait()
    assert Client(project.store).run("last").status is ExecutionStatus.COMPLETED


def test_what_a_step_raises_reaches_no_terminal_as_it_is(project: Project) -> None:
    project.write("loud.py", LOUD)
    answer = project.skylift("run", "loud.py")
    listed, why = project.skylift("runs", "list").out, project.skylift("runs", "why", "last").out
    (said,) = (line for line in answer.err.splitlines() if line.startswith("loud: failed"))

    assert said.endswith(" …")
    for shown in (said, listed, why):
        assert r"ValueError: \x1b[31mred\x07 word" in shown
        assert "\x1b" not in shown
    assert max(map(len, listed.splitlines())) < 500
    assert "word " * 900 in why


LOUD = """
from skylift import pipeline, step

@step
def loud() -> int:
    raise ValueError("\\x1b[31mred\\x07 " + "word " * 1000)

@pipeline
def p() -> None:
    loud()
"""


def test_waiting_is_the_default(project: Project) -> None:
    project.write("remote.py", ELSEWHERE)
    assert project.skylift("run", "remote.py").out == "waited\n"


def test_a_mistake_in_a_pipelines_function_is_shown_with_its_line(project: Project) -> None:
    path = project.write(
        "wrong.py",
        "from skylift import pipeline, step\n"
        "@step\ndef one() -> int: return 1\n"
        "@pipeline\ndef wrong() -> None:\n    one()\n    print(f'{one()}')\n",
    )
    refused = project.skylift("run", path)
    assert refused.code == 2
    assert refused.err == (
        "error: output 'output' of step 'one_2': a static pipeline is built before it runs, so there is no "
        "value yet to put into text. Do it inside a step, and pass this output to that.\n"
        f"  at {project.folder / path}, line 7\n"
    )


def test_outputs_that_are_not_shown_are_said_to_be_there(project: Project) -> None:
    for count, has_more in ((5, False), (6, True)):
        path = project.write(
            f"leaves{count}.py",
            "from skylift import pipeline, step\n"
            "@step\ndef one(x: int) -> int: return x\n"
            f"@pipeline\ndef leaves() -> None:\n    for x in range({count}): one(x)\n",
        )
        ran = project.skylift("run", path)
        assert ran.code == 0, ran.err
        assert ("  and more: skylift artifact list " in ran.err) is has_more
