"""`watch`, `logs --follow` and `stop`, of a run that another process makes."""

from __future__ import annotations

import json
import re
from subprocess import DEVNULL
from typing import TYPE_CHECKING

import pytest
from skylift_tests_support.commands import SKYLIFT
from skylift_tests_support.terminal import PATIENCE_S

from skylift.client import Client
from skylift_contract.enums import ExecutionStatus as Status

if TYPE_CHECKING:
    from collections.abc import Callable
    from subprocess import Popen

    from skylift_tests_support.commands import Project

FLOW = """
from skylift import pipeline, step

def tell(name):
    with open(name, "w") as fifo:
        fifo.write("here")

def meet(name):
    with open(name) as fifo:
        return fifo.read()

@step
def load() -> int:
    print("first")
    return 1

@step
def train(value: int) -> int:
    print("x" * 300_000)  # more than what is held back, so that it is stored at once
    tell("here")
    if meet("go") == "fail":
        raise ValueError("as told")
    print("last, no newline", end="")
    return value

@step
def score(value: int) -> int:
    return value

@pipeline
def chain() -> None:
    score(train(load()))

@step
def wait_here(number: int) -> int:
    tell(f"here{number}")
    meet(f"go{number}")
    return number

@pipeline(settings={"orchestrator.local": {"max_parallelism": 2}})
def wide() -> None:
    for number in range(4):
        wait_here(number)
"""


@pytest.fixture
def started(project: Project) -> Callable[[], Popen[str]]:
    """Starts the run in another process, and returns when its second step runs."""
    project.write("flow.py", FLOW)
    here = project.fifo("here")
    project.fifo("go")

    def start() -> Popen[str]:
        process = project.start(*SKYLIFT, "run", "flow.py:chain", stdout=DEVNULL)
        assert here.read_text() == "here"
        return process

    return start


def read_until(process: Popen[str], text: str) -> str:
    """Read lines of stderr up to the one that has a text."""
    assert process.stderr is not None
    seen = ""
    while text not in seen:
        line = process.stderr.readline()
        assert line, seen
        seen += line
    return seen


def go(project: Project, word: str = "go") -> None:
    (project.folder / "go").write_text(word)


@pytest.mark.parametrize(("word", "code", "status"), [("go", 0, "completed"), ("fail", 1, "failed")])
def test_watch_ends_with_the_run_and_exits_as_it(
    project: Project, started: Callable[[], Popen[str]], word: str, code: int, status: str
) -> None:
    started()
    terminal = project.terminal(*SKYLIFT, "runs", "watch", "last", columns=120)
    terminal.expect(r"^✓  load +completed")
    terminal.expect(r"^\S  train +running", where="screen")
    go(project, word)
    assert terminal.wait() == code
    assert re.search(rf"^train +{status} +1 ", terminal.seen, re.MULTILINE)
    assert re.search(rf"^run \S{{36}} {status} in", terminal.seen, re.MULTILINE)


def test_watch_in_a_pipe_is_plain(project: Project, started: Callable[[], Popen[str]]) -> None:
    started()
    watching = project.start(*SKYLIFT, "runs", "watch", "last")
    seen = read_until(watching, "train: running")
    go(project)
    out, rest = watching.communicate(timeout=PATIENCE_S)
    assert (watching.returncode, out) == (0, "")
    assert "\x1b" not in seen + rest
    assert "train: completed in" in rest
    assert "load: completed in" in seen


def test_watch_of_a_run_that_was_stopped(project: Project, started: Callable[[], Popen[str]]) -> None:
    process = started()
    process.terminate()
    process.communicate(timeout=PATIENCE_S)
    assert project.skylift("runs", "watch", "last").code == 130


def test_logs_follow_while_it_runs(project: Project, started: Callable[[], Popen[str]]) -> None:
    started()
    following = project.start(*SKYLIFT, "runs", "logs", "last", "--follow")
    assert following.stdout is not None
    assert following.stdout.readline() == "load | first\n"
    assert following.stdout.readline() == f"train | {'x' * 300_000}\n"
    assert following.poll() is None
    go(project)
    out, err = following.communicate(timeout=PATIENCE_S)
    assert (following.returncode, out, err) == (0, "train | last, no newline\n", "")


def test_logs_as_json_are_lines_that_come_while_it_runs(
    project: Project, started: Callable[[], Popen[str]]
) -> None:
    started()
    following = project.start(*SKYLIFT, "runs", "logs", "last", "--follow", "--output", "json")
    assert following.stdout is not None
    first = {"version": 1, "step": "load", "attempt": 1, "line": "first"}
    assert json.loads(following.stdout.readline()) == first
    assert json.loads(following.stdout.readline())["line"] == "x" * 300_000
    assert following.poll() is None
    go(project)
    out, err = following.communicate(timeout=PATIENCE_S)
    last = {"version": 1, "step": "train", "attempt": 1, "line": "last, no newline"}
    assert (following.returncode, json.loads(out), err) == (0, last, "")


def test_logs_of_one_step_and_of_none(project: Project, started: Callable[[], Popen[str]]) -> None:
    process = started()
    go(project)
    process.communicate(timeout=PATIENCE_S)

    assert project.skylift("runs", "logs", "last", "load").out == "first\n"
    assert project.skylift("runs", "logs", "last", "train").out.endswith("x\nlast, no newline\n")
    silent = project.skylift("runs", "logs", "last", "score")
    assert (silent.code, silent.out, silent.err) == (0, "", "nothing was printed\n")
    wrong = project.skylift("runs", "logs", "last", "trian")
    assert wrong.err == "error: pipeline 'chain': there is no step named 'trian'. Did you mean 'train'?\n"


def test_stop_ends_the_step_that_runs(project: Project, started: Callable[[], Popen[str]]) -> None:
    process = started()
    run = Client(project.store).run("last")
    answer = project.skylift("runs", "stop", "last")
    _, err = process.communicate(timeout=PATIENCE_S)

    assert (answer.code, answer.out, answer.err) == (0, "", f"run {run.id} has ended: stopped\n")
    assert process.returncode == 130
    assert "train: stopped in" in err
    assert [(name, step.status) for name, step in run.steps.items()] == [
        ("load", Status.COMPLETED),
        ("train", Status.STOPPED),
        ("score", Status.SKIPPED),
    ]
    why = project.skylift("runs", "why", "last").out
    assert re.search(r"was stopped, as \S+ asked at ", why)
    assert "stopped while running: train\n" in why


def test_stop_gracefully_lets_the_step_that_runs_finish(
    project: Project, started: Callable[[], Popen[str]]
) -> None:
    process = started()
    run = Client(project.store).run("last")
    stopping = project.start(*SKYLIFT, "runs", "stop", "last", "--graceful")
    while run.status is not Status.STOPPING:
        pass
    assert process.poll() is None
    why = project.skylift("runs", "why", "last").out
    assert re.search(r"is being stopped, gracefully, as \S+ asked at ", why)
    go(project)
    _, err = stopping.communicate(timeout=PATIENCE_S)
    process.communicate(timeout=PATIENCE_S)

    assert (stopping.returncode, err) == (0, f"run {run.id} has ended: stopped\n")
    assert [step.status for step in run.steps.values()] == [
        Status.COMPLETED,
        Status.COMPLETED,
        Status.NOT_STARTED,
    ]


def test_stop_gracefully_lets_every_worker_finish(project: Project) -> None:
    project.write("flow.py", FLOW)
    here = [project.fifo(f"here{number}") for number in range(4)]
    gates = [project.fifo(f"go{number}") for number in range(4)]
    process = project.start(*SKYLIFT, "run", "flow.py:wide")
    for fifo in here[:2]:
        fifo.read_text()
    run = Client(project.store).run("last")
    stopping = project.start(*SKYLIFT, "runs", "stop", "last", "--graceful")
    while run.status is not Status.STOPPING:
        pass
    gates[0].write_text("")
    read_until(process, "wait_here: completed")
    # Whoever would stop the other worker has the time to do it now.
    assert project.piped(*SKYLIFT, "runs", "describe", "last").code == 0
    gates[1].write_text("")
    stopping.communicate(timeout=PATIENCE_S)
    process.communicate(timeout=PATIENCE_S)

    assert run.status is Status.STOPPED
    assert [step.status for step in run.steps.values()] == [Status.COMPLETED] * 2 + [Status.NOT_STARTED] * 2


def test_stop_of_a_run_whose_process_is_gone_records_that(
    project: Project, started: Callable[[], Popen[str]]
) -> None:
    process = started()
    process.kill()
    process.communicate(timeout=PATIENCE_S)
    run = Client(project.store).run("last")
    assert run.end is None
    assert project.skylift("runs", "stop", "last").err == f"run {run.id} has ended: failed\n"
    assert run.end is not None


def test_stop_of_a_run_that_has_ended_changes_nothing(project: Project) -> None:
    project.write("flow.py", FLOW.replace("    score(train(load()))", "    load()"))
    project.skylift("run", "flow.py:chain")
    answer = project.skylift("runs", "stop", "last")
    assert answer.code == 0
    assert answer.err.endswith("has ended: completed\n")
    assert Client(project.store).run("last").status is Status.COMPLETED
