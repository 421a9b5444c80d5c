"""A dynamic run in a process that was started for it: the same semantics, the same run in each step, seen from elsewhere."""

from __future__ import annotations

import os
import re
import select
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from skylift_tests_support.apart import ApartConfig, ApartOrchestrator, kill_all, make_apart
from skylift_tests_support.commands import PATIENCE_S, SKYLIFT

from skylift import Client
from skylift.ledger.process import start_of
from skylift_contract.enums import ExecutionStatus as Status

if TYPE_CHECKING:
    from collections.abc import Generator

    from skylift_tests_support.commands import Project

    from skylift.models import PipelineRun

pytestmark = pytest.mark.timeout(120)

FLOW = """
import os, signal
from pathlib import Path
from skylift import get_step_context, pipeline, step
from skylift_contract.errors import StepFailed

def wrote(word):
    context = get_step_context()
    with Path(os.environ["JOURNAL"]).open("a") as journal:
        journal.write(f"{word} {context.orchestrator_run_id} {context.run_id} {os.getpid()}\\n")
    return word

@step(enable_cache=False)
def here(word: str) -> str:
    return wrote(word)

@step(runtime="isolated", enable_cache=False)
def apart(word: str) -> str:
    return wrote(word)

@step(enable_cache=False)
def killed_once(word: str) -> str:
    if not Path(os.environ["JOURNAL"] + ".killed").exists():
        Path(os.environ["JOURNAL"] + ".killed").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return wrote(word)

@step(enable_cache=False)
def broken(word: str) -> str:
    wrote(word)
    raise ValueError(word)

@step(runtime="isolated", enable_cache=False)
def endless(word: str) -> None:
    Path(os.environ["ARRIVED"]).write_text(f"{os.getpid()} ")
    while os.environ.get("ARRIVED"):
        pass

@step(enable_cache=False)
def holds_on() -> None:
    pipe = os.open(os.environ["ARRIVED"], os.O_RDWR)  # somebody reads it, or it stays there
    os.write(pipe, b"holding on")
    Path(os.environ["GO_ON"]).read_text()

@pipeline(dynamic=True)
def within(word: str) -> str:
    return apart(here(word))

@pipeline(dynamic=True)
def calls() -> None:
    background = apart.submit("background")
    try:
        broken("caught")
    except StepFailed:
        here("after it")
    mapped = here.map([f"mapped {number}" for number in range(int(here("3").load()))])
    assert within("nested").load() == "nested"
    assert mapped.load() == ["mapped 0", "mapped 1", "mapped 2"]
    assert background.load() == "background"

@pipeline(dynamic=True)
def dies() -> None:
    try:
        broken("caught")
    except StepFailed:
        pass
    here("before")
    within("nested")
    killed_once("late")
    apart("after")

@pipeline(dynamic=True)
def fails() -> None:
    broken("it")

@pipeline(dynamic=True)
def waits() -> None:
    here("before")
    endless("w")
    here("never")

@pipeline(dynamic=True)
def stopped_then_goes_on() -> None:
    here("before")
    holds_on()
    here("after")
"""


@pytest.fixture(autouse=True)
def paths(project: Project, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    monkeypatch.chdir(project.folder)
    for name in ("ARRIVED", "GO_ON"):
        monkeypatch.setenv(name, str(project.fifo(name)))
    monkeypatch.setenv("JOURNAL", str(project.folder.parent / "journal"))
    yield
    kill_all(project)


def journal(project: Project) -> list[list[str]]:
    return [line.rsplit(" ", 3) for line in (project.folder.parent / "journal").read_text().splitlines()]


def newest(project: Project) -> PipelineRun:
    """The outermost of the newest run."""
    return next(run for run in Client(project.store).runs() if run.record and not run.record.parent)


def statuses(run: PipelineRun) -> dict[str, str]:
    return {name: one.status.value for name, one in run.steps.items()}


def test_every_step_is_told_the_same_run(project: Project) -> None:
    make_apart(project, FLOW)

    answer = project.skylift("run", "flow.py:calls")

    assert answer.code == 0, answer.err
    run, lines = newest(project), journal(project)
    assert run.status is Status.COMPLETED
    assert {own for _, own, _, _ in lines} == {run.orchestrator_run_id}
    outer = {words for words, _, id, _ in lines if id == str(run.id)}
    assert outer == {"background", "caught", "after it", "3", "mapped 0", "mapped 1", "mapped 2"}
    nested = {id for words, _, id, _ in lines if words == "nested"}
    assert len(nested) == 1
    assert nested != {str(run.id)}
    assert len({process for words, _, _, process in lines if words in {"caught", "3", "after it"}}) == 1
    assert str(os.getpid()) not in {process for *_, process in lines}
    found = statuses(run)
    assert found.pop("broken") == "failed"
    assert set(found.values()) == {"completed"}


def test_another_process_goes_on_where_one_was_killed(project: Project) -> None:
    make_apart(project, FLOW, restarts=1)

    answer = project.skylift("run", "flow.py:dies")

    assert answer.code == 0, answer.err
    lines = journal(project)
    assert [words for words, *_ in lines] == ["caught", "before", "nested", "nested", "late", "after"]
    assert len({own for _, own, _, _ in lines}) == 1
    before, late = lines[1][-1], lines[4][-1]
    assert before != late
    found = statuses(newest(project))
    assert found.pop("broken") == "failed"
    assert found == dict.fromkeys(["here", "within", "killed_once", "apart"], "completed")


def test_a_process_that_stays_killed_is_a_run_that_failed(project: Project) -> None:
    make_apart(project, FLOW)

    answer = project.skylift("run", "flow.py:dies")

    assert answer.code == 1
    run = newest(project)
    assert run.status is Status.FAILED
    assert run.fetch().reason == "its process ended with -9"
    assert statuses(run)["killed_once"] == "failed"


def test_a_failure(project: Project) -> None:
    make_apart(project, FLOW)

    answer = project.skylift("run", "flow.py:fails")

    assert answer.code == 1
    assert re.search("^broken: failed in .*: ValueError: it$", answer.err, re.MULTILINE), answer.err
    assert newest(project).status is Status.FAILED


def begun(project: Project, name: str) -> tuple[subprocess.Popen[str], PipelineRun, str]:
    """A run that has come to its named pipe; and what was written there."""
    process = project.start(*SKYLIFT, "run", f"flow.py:{name}")
    pipe = os.open(os.environ["ARRIVED"], os.O_RDWR)
    arrived = select.select([pipe], [], [], PATIENCE_S)[0]
    assert arrived, process.communicate()
    return process, newest(project), os.read(pipe, 100).decode()


def test_it_is_seen_and_stopped_from_elsewhere(project: Project) -> None:
    make_apart(project, FLOW)
    process, run, isolated = begun(project, "waits")
    assert run.status is Status.RUNNING
    assert statuses(run) == {"here": "completed", "endless": "running"}

    answer = project.skylift("runs", "stop", str(run.id))

    assert answer.code == 0, answer.err
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert run.fetch().reason == "it was stopped by SIGTERM"
    assert statuses(run) == {"here": "completed", "endless": "stopped"}
    assert start_of(int(isolated)) is None
    assert [words for words, *_ in journal(project)] == ["before"]


def test_a_run_that_was_stopped_goes_on_where_its_execution_is_repaired(project: Project) -> None:
    make_apart(project, FLOW)
    process, run, _ = begun(project, "stopped_then_goes_on")
    project.skylift("runs", "stop", str(run.id))
    process.communicate(timeout=PATIENCE_S)
    assert statuses(run) == {"here": "completed", "holds_on": "stopped"}

    backend = ApartOrchestrator(ApartConfig(folder=project.folder.parent / "backend"), flavor="apart")
    environment = {"SKYLIFT_STORE": project.store}
    again = backend.start(run.snapshot_of, environment, str(run.orchestrator_run_id))
    Path(os.environ["GO_ON"]).write_text("")

    assert again.wait(PATIENCE_S) == 0
    assert run.status is Status.COMPLETED
    assert [words for words, *_ in journal(project)] == ["before", "after"]
