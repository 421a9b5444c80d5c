"""Running a project's pipeline again: what runs, what is said of the rest, and why."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from skylift_tests_support.commands import SKYLIFT

from skylift.client import Client

if TYPE_CHECKING:
    from skylift_tests_support.commands import Project

FLOW = """
from datetime import timedelta
from skylift import CachePolicy, log_metadata, pipeline, step
import helper

@step
def load(rows: int = 3) -> list[int]:
    print("loading")
    return list(range(rows))

@step
def train(data: list[int], depth: int = 6) -> int:
    log_metadata({"depth": depth})
    print("training")
    return helper.scale(len(data)) + depth

@step(enable_cache=True)
def report(score: int) -> str:
    print("reporting")
    return f"score {score}"

@pipeline
def flow(depth: int = 6) -> None:
    report(train(load(), depth=depth))
"""

HELPER = "def scale(x):\n    return x * 2\n"


@pytest.fixture
def flow(project: Project, monkeypatch: pytest.MonkeyPatch) -> str:
    # Files are written twice within what a bytecode's time stamp can tell apart.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    project.write("helper.py", HELPER)
    project.write("unrelated.py", "x = 1\n")
    return project.write("flow.py", FLOW)


def described(project: Project, run: str = "last") -> dict[str, Any]:
    answer = project.skylift("runs", "describe", run, "--output", "json")
    assert answer.code == 0, answer.err
    return json.loads(answer.out)["run"]


def cached(project: Project) -> dict[str, bool]:
    run = described(project)
    assert {step["status"] for step in run["steps"]} == {"completed"}
    return {step["step"]: step["cached"] for step in run["steps"]}


ALL = {"load": True, "train": True, "report": True}


def test_the_second_run_is_wholly_cached(project: Project, flow: str) -> None:
    first = project.skylift("run", flow)
    assert first.out == "loading\ntraining\nreporting\n"
    made = described(project)["id"]
    again = project.skylift("run", flow)
    assert (again.code, again.out) == (0, "")
    lines = again.err.splitlines()
    assert lines[1:4] == [f"{name}: cached: from run {made}" for name in ("load", "train", "report")]
    assert lines[5].endswith("(3 cached)")
    assert "  report.output: " in lines[6], "where it is, is said as ever"
    run = described(project)
    assert lines[4] == f"run {run['id']}"
    assert run["status"] == "completed"
    assert run["orchestrator_run_id"] is None
    assert [step["cached_from"] for step in run["steps"]] == [
        {"run": made, "step": name} for name in ("load", "train", "report")
    ]
    assert run["steps"][1]["metadata"] == {"depth": 6}
    assert run["steps"][1]["seconds"] is None


def test_what_is_shown_of_a_cached_run(project: Project, flow: str) -> None:
    project.skylift("run", flow)
    made = described(project)["id"]
    project.skylift("run", flow)
    shown = project.skylift("runs", "describe", "last").out
    assert "status      completed: 3 cached\n" in shown
    assert f"from run {made}" in shown
    assert "train  depth=6" in shown
    why = project.skylift("runs", "why", "last").out
    assert "cached: load, train, report\n" in why
    assert "ran, and were not cached" not in why
    watched = project.skylift("runs", "watch", "last")
    assert watched.code == 0
    assert f"train: cached: from run {made}\n" in watched.err
    assert f"next: skylift runs logs {made} train" in project.skylift("runs", "logs", "last", "train").err
    assert project.skylift("runs", "logs", made, "train").out == "training\n"
    (newest, _) = json.loads(project.skylift("runs", "list", "--output", "json").out)["runs"]
    assert newest["status"] == "completed"


def test_a_parameter_runs_only_what_comes_after_it(project: Project, flow: str) -> None:
    project.skylift("run", flow)
    made = described(project)["id"]
    assert project.skylift("run", flow, "--param", "depth=7").out == "training\nreporting\n"
    assert cached(project) == {"load": True, "train": False, "report": False}
    assert "load.output: " not in project.skylift("runs", "watch", "last").err, "it is no end of the graph"
    why = project.skylift("runs", "why", "last").out
    assert "cached: load\n" in why
    assert f"  train: parameter 'depth' changed since run {made}\n" in why
    assert f"  report: input 'score' changed since run {made}\n" in why
    found = json.loads(project.skylift("runs", "why", "last", "--output", "json").out)["why"]
    assert found["cached"] == ["load"]
    assert found["ran"][0] == {"step": "train", "reason": f"parameter 'depth' changed since run {made}"}


def test_a_helper_that_is_imported_counts_and_another_file_does_not(project: Project, flow: str) -> None:
    project.skylift("run", flow)
    project.write("unrelated.py", "x = 2\n")
    assert project.skylift("run", flow).out == ""
    assert cached(project) == ALL

    project.write("helper.py", "def scale(x):\n    return x * 333\n")
    assert project.skylift("run", flow).out == "loading\ntraining\nreporting\n"
    assert Client(project.store).run("last").steps["train"].outputs["output"].load() == 1005
    why = project.skylift("runs", "why", "last").out
    assert "  load, train: its source changed since run " in why
    assert "  report: its source, input 'score' changed since run " in why
    project.write("helper.py", HELPER)
    assert project.skylift("run", flow).out == "", "what was made before is there again"
    assert Client(project.store).run("last").steps["train"].outputs["output"].load() == 12


def test_no_cache_runs_everything_and_stores_nothing(project: Project, flow: str) -> None:
    project.skylift("run", flow, "--no-cache")
    assert Client(project.store).ledger.store.list("cache/") == []
    project.skylift("run", flow)
    assert project.skylift("run", flow, "--no-cache").out == "loading\ntraining\nreporting\n"
    assert cached(project) == dict.fromkeys(ALL, False)
    why = project.skylift("runs", "why", "last").out
    assert "  load, train, report: caching is off for it\n" in why


def test_the_first_time_nothing_is_there(project: Project, flow: str) -> None:
    project.skylift("run", flow)
    assert (
        "  load, train, report: nothing was stored for it yet\n" in project.skylift("runs", "why", "last").out
    )


def test_what_expired_is_said(project: Project, flow: str) -> None:
    policy = "@step(cache_policy=CachePolicy(expires_after=timedelta(microseconds=1)))\ndef train"
    project.write("flow.py", FLOW.replace("@step\ndef train", policy))
    project.skylift("run", flow)
    assert project.skylift("run", flow).out == "training\n", "it made the same, so what comes after is cached"
    assert "  train: what was stored had expired\n" in project.skylift("runs", "why", "last").out


def test_what_failed_runs_again(project: Project, flow: str) -> None:
    project.write("helper.py", "def scale(x):\n    raise ValueError('no')\n")
    for printed in ("loading\ntraining\n", "training\n"):
        answer = project.skylift("run", flow)
        assert (answer.code, answer.out) == (1, printed)
    assert [step["cached"] for step in described(project)["steps"]] == [True, False, False]


def test_it_does_not_matter_how_a_script_is_started(project: Project, flow: str) -> None:
    project.write("flow.py", f"{FLOW}\nif __name__ == '__main__':\n    flow()\n")
    started = project.piped(sys.executable, "flow.py")
    assert (started.code, started.out) == (0, "loading\ntraining\nreporting\n")
    for argv in ((sys.executable, "-m", "flow"), (*SKYLIFT, "run", flow)):
        again = project.piped(*argv)
        assert (again.code, again.out) == (0, ""), again.err


def test_a_step_of_a_prompt_is_not_cached_and_why(project: Project, flow: str) -> None:
    text = FLOW + "\nflow()\n"
    for _ in range(2):
        process = project.piped(sys.executable, "-c", f"import sys; exec({text!r})")
        assert process.out == "loading\ntraining\nreporting\n", process.err
    assert "its source stands in no file" in project.skylift("runs", "why", "last").out


def test_on_a_terminal(project: Project, flow: str) -> None:
    project.skylift("run", flow)
    terminal = project.terminal(*SKYLIFT, "run", flow)
    assert terminal.wait() == 0
    assert "(3 cached)" in terminal.screen
    assert "\ntrain   cached " in terminal.screen


def test_a_run_is_compared_with_the_newest_that_made_something(project: Project, flow: str) -> None:
    """Not with one in which the step was taken, failed, or that cannot be read."""
    project.skylift("run", flow)
    made = described(project)["id"]
    project.skylift("run", flow)
    taken = Client(project.store).run("last")
    project.write("helper.py", "def scale(x):\n    raise ValueError('no')\n")
    project.skylift("run", flow, "--param", "depth=9")
    project.write("helper.py", HELPER)
    taken.ledger.store.delete([f"snapshots/{taken.snapshot}.json"])
    project.skylift("run", flow, "--param", "depth=8")
    why = project.skylift("runs", "why", "last").out
    assert f"  train: parameter 'depth' changed since run {made}\n" in why


def test_a_file_that_is_saved_after_it_was_loaded(project: Project, flow: str) -> None:
    """What runs is what was imported: it is not kept under what the file says by now."""
    saved = 'import pathlib\npathlib.Path("helper.py").write_text("def scale(x):\\n    return x * 333\\n")\n'
    project.write(
        "flow.py",
        f"{FLOW}\nif __name__ == '__main__':\n    {saved.replace(chr(10), chr(10) + '    ')}flow()\n",
    )
    for _ in range(2):
        ran = project.piped(sys.executable, "flow.py")
        assert (ran.code, ran.out) == (0, "loading\ntraining\nreporting\n"), ran.err
        project.write("helper.py", HELPER)
    said = "  load, train, report: its source was changed after this process began to load it\n"
    assert said in project.skylift("runs", "why", "last").out
    assert Client(project.store).ledger.store.list("cache/") == []


LAZY = """
from pathlib import Path
from skylift import pipeline, step

@step(enable_cache=False)
def load() -> int:
    if Path("edit").exists():
        Path("helper.py").write_text("def scale(x):\\n    return x * 333\\n")
    return 1

@step
def train(data: int) -> int:
    import helper
    return helper.scale(data)

@pipeline
def flow() -> None:
    train(load())
"""


def test_a_file_that_is_saved_before_a_step_imports_it(project: Project, flow: str) -> None:
    project.write("flow.py", LAZY)
    project.write("edit", "")
    made: list[int] = []
    for _ in range(2):
        assert project.skylift("run", flow).code == 0
        made.append(Client(project.store).run("last").steps["train"].outputs["output"].load())
        (project.folder / "edit").unlink(missing_ok=True)
        project.write("helper.py", HELPER)
    assert made == [333, 2]
    project.skylift("run", flow)
    assert cached(project) == {"load": False, "train": True}


def test_a_global_that_comes_from_outside_counts(
    project: Project, flow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write(
        "helper.py", "import os\nFACTOR = int(os.environ['FACTOR'])\ndef scale(x):\n    return x * FACTOR\n"
    )
    made: list[int] = []
    for factor in ("2", "3", "2"):
        monkeypatch.setenv("FACTOR", factor)
        assert project.skylift("run", flow).code == 0
        made.append(Client(project.store).run("last").steps["train"].outputs["output"].load())
        if factor == "3":
            said = "train: global 'helper.FACTOR' changed since run "
            assert said in project.skylift("runs", "why", "last").out
    assert made == [12, 15, 12]
    assert cached(project) == ALL


def test_where_the_logs_of_a_cached_step_are_is_told_with_the_store(
    project: Project, flow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.skylift("run", flow)
    made = described(project)["id"]
    project.skylift("run", flow)
    again = described(project)["id"]
    monkeypatch.setenv("SKYLIFT_STORE_URI", "memory://elsewhere")
    answer = project.skylift("runs", "logs", again, "train", "--store", project.store)
    assert (
        f"step 'train' did not run: its outputs are from run {made}\n"
        f"next: skylift runs logs {made} train --store {project.store}\n"
    ) in answer.out + answer.err
