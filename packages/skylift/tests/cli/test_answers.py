"""`--output json` of what submits something: one document, whatever the pipeline prints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from skylift_tests_support.commands import SKYLIFT
from skylift_tests_support.folder_scheduler import make_scheduling

from skylift.client import Client

if TYPE_CHECKING:
    from skylift_tests_support.commands import Project

NOISY = """
import os
import sys
from typing import Annotated
from skylift import pipeline, step

print("imported")

@step
def load() -> Annotated[list[int], "rows"]:
    print("loading")
    os.write(1, b"by descriptor\\n")
    os.system("echo from a child")
    return [1, 2]

@step
def count(rows: list[int], fail: bool) -> int:
    if fail:
        raise ValueError("as told")
    return len(rows)

@pipeline
def flow(fail: bool = False) -> None:
    print("traced")
    count(load(), fail)
"""


@pytest.fixture
def noisy(project: Project) -> str:
    return project.write("flow.py", NOISY)


def run_of(out: str) -> dict[str, Any]:
    found = json.loads(out)
    assert found["version"] == 1
    return found["run"]


def test_a_run_answers_with_what_describe_says_of_it(project: Project, noisy: str) -> None:
    answer = project.skylift("run", noisy, "--output", "json")
    found = run_of(answer.out)
    assert answer.code == 0
    assert found["status"] == "completed"
    assert found["links"] == {"backend": None}
    assert {step["step"]: (step["status"], step["cached"]) for step in found["steps"]} == {
        "load": ("completed", False),
        "count": ("completed", False),
    }
    (rows,) = found["steps"][0]["outputs"]
    made = Client(project.store).run(found["id"]).steps["load"].outputs["rows"]
    assert (rows["name"], rows["type"]) == ("rows", "builtins:list")
    assert made.uri.endswith(rows["digest"])
    assert found == run_of(project.skylift("runs", "describe", "last", "--output", "json").out)
    assert "load: completed in" in answer.err

    again = run_of(project.skylift("run", noisy, "--output", "json").out)
    assert [step["cached"] for step in again["steps"]] == [True, True]
    assert again["steps"][0]["cached_from"]["run"] == found["id"]
    assert again["steps"][0]["outputs"] == found["steps"][0]["outputs"]


def test_a_run_that_fails_answers_too(project: Project, noisy: str) -> None:
    answer = project.skylift("run", noisy, "--param", "fail=true", "--output", "json")
    found = run_of(answer.out)
    assert (answer.code, found["status"]) == (1, "failed")
    assert found["reason"].endswith("ValueError: as told")


def test_nothing_that_anybody_prints_stands_in_the_document(project: Project, noisy: str) -> None:
    answer = project.piped(*SKYLIFT, "run", noisy, "--output", "json")
    assert run_of(answer.out)["status"] == "completed"
    for said in ("imported", "traced", "loading", "by descriptor", "from a child"):
        assert f"{said}\n" in answer.err
    for command in (("compile", noisy, "-o", "out"), ("diff", noisy)):
        shown = project.piped(*SKYLIFT, *command, "--output", "json")
        assert json.loads(shown.out)["pipeline"] == "flow"
        assert "imported\n" in shown.err


def test_progress_is_plain_lines_on_a_terminal_too(project: Project, noisy: str) -> None:
    terminal = project.terminal(*SKYLIFT, "run", noisy, "--output", "json", columns=200)
    assert terminal.wait() == 0
    assert "load: completed in" in terminal.seen
    assert '"status": "completed"' in terminal.seen
    assert "✓" not in terminal.seen


def test_what_is_refused_answers_nothing(project: Project, noisy: str) -> None:
    answer = project.skylift("run", noisy, "--param", "fall=true", "--output", "json")
    assert (answer.code, answer.out) == (2, "")
    assert "Did you mean 'fail'?" in answer.err


def test_a_schedule_answers_with_the_schedule(project: Project) -> None:
    make_scheduling(project)
    answer = project.skylift("run", "flow.py:daily", "--output", "json")
    described = json.loads(project.skylift("schedule", "describe", "daily", "--output", "json").out)
    made = json.loads(answer.out)
    assert (answer.code, made["version"], made["schedule"]["name"]) == (0, 1, "daily")
    assert made["schedule"].items() <= described["schedule"].items()


LATER = """
from skylift import pipeline, step
from skylift.orchestrators import BaseOrchestrator, BaseOrchestratorConfig, SubmissionResult

class Config(BaseOrchestratorConfig):
    @property
    def is_remote(self) -> bool:
        return False

class Later(BaseOrchestrator):
    def get_orchestrator_run_id(self) -> str:
        return "execution/7"

    def submit_pipeline(self, snapshot, stack, base_environment, step_environments, placeholder_run=None):
        return SubmissionResult({result})

@step
def load() -> int:
    return 1

@pipeline(orchestrator=Later(Config(), name="later", flavor="later"))
def later() -> None:
    load()
"""


@pytest.mark.parametrize("run_id", ["'execution/7'", "None"])
def test_no_wait_answers_with_what_is_known(project: Project, run_id: str) -> None:
    project.write("later.py", LATER.format(result=f"orchestrator_run_id={run_id}"))
    answer = project.skylift("run", "later.py", "--no-wait", "--output", "json")
    found = run_of(answer.out)
    assert answer.code == 0
    assert (found["pipeline"], found["flavor"]) == ("later", "later")
    assert found["status"] not in {"completed", "failed"}
    if run_id == "None":
        assert (found["id"], found["created"], found["steps"]) == (None, None, [])
        request = Client(project.store).ledger.request(found["submission_id"])
        assert request is not None
        assert request.snapshot == found["snapshot"]
    else:
        assert found["id"] == str(Client(project.store).run("last").id)


@pytest.mark.parametrize("run_id", ["'execution/7'", "None"])
@pytest.mark.parametrize("output", ["json", "text"])
def test_a_wait_that_ends_before_the_run_answers_and_is_a_failure(
    project: Project, run_id: str, output: str
) -> None:
    result = f"wait_for_completion=lambda: None, orchestrator_run_id={run_id}"
    project.write("later.py", LATER.format(result=result))
    answer = project.skylift("run", "later.py", "--output", output)
    assert answer.code == 1
    sentence = answer.err.splitlines()[-1]
    assert sentence.startswith("error: run ")
    assert ": failed: it was waited for, and is " in sentence
    assert sentence.endswith("Look at what the backend says of its steps: they may not have found their run.")
    if output == "text":
        assert answer.out == ""
        return
    found = run_of(answer.out)
    assert found["pipeline"] == "later"
    assert f"and is {found['status']}: " in sentence
    assert found["status"] not in {"completed", "failed"}
    assert (found["id"] or f"of submission {found['submission_id']}") in sentence
