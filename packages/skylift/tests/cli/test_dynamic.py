"""Dynamic pipelines on the command line: run, cached, changed by a file, looked at, resumed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from skylift_tests_support.commands import SKYLIFT

if TYPE_CHECKING:
    from skylift_tests_support.commands import Project

FLOW = """
from pathlib import Path
from skylift import pipeline, step

@step
def parts(count: int) -> list[int]:
    print("parting")
    return list(range(count))

@step
def square(part: int) -> int:
    print(f"squaring {part}")
    return part * part

@step(enable_cache=False)
def report(squares: list[int]) -> int:
    print("reporting")
    if not Path("allowed").exists():
        raise PermissionError("nobody may report yet")
    return sum(squares)

@pipeline(dynamic=True)
def squares(count: int) -> object:
    return square.map(parts(count))

@pipeline(dynamic=True)
def flow(count: int = 2) -> None:
    report(squares(count))
"""


SAID = sorted(["parting", "squaring", "0", "squaring", "1", "reporting"])


@pytest.fixture
def flow(project: Project) -> str:
    return project.write("flow.py", FLOW) + ":flow"


def described(project: Project, run: str = "last") -> dict[str, Any]:
    answer = project.skylift("runs", "describe", run, "--output", "json")
    assert answer.code == 0, answer.err
    return json.loads(answer.out)["run"]


def steps(project: Project, run: str = "last") -> dict[str, str]:
    return {one["step"]: one["status"] for one in described(project, run)["steps"]}


def test_a_run_that_failed_is_resumed_where_it_was(project: Project, flow: str) -> None:
    first = project.skylift("run", flow)
    assert first.code == 1
    assert sorted(first.out.split()) == SAID
    assert steps(project) == {"squares": "completed", "report": "failed"}
    assert "step 'report' failed" in project.skylift("runs", "why", "last").out
    failed = described(project)["id"]

    project.write("allowed", "")
    again = project.skylift("runs", "resume", "last")

    assert again.code == 0, again.err
    assert again.out == "reporting\n"
    assert steps(project) == {"squares": "completed", "report": "completed"}
    assert described(project)["resumes"] == failed


def test_a_nested_run_is_found_through_the_one_it_is_part_of(project: Project, flow: str) -> None:
    project.write("allowed", "")
    assert project.skylift("run", flow).code == 0
    assert len(json.loads(project.skylift("runs", "list", "--output", "json").out)["runs"]) == 1

    table = project.skylift("runs", "describe", "last").out
    nested = next(line.split()[-1] for line in table.splitlines() if line.startswith("squares "))

    assert steps(project, nested) == dict.fromkeys(("parts", "map:square:0", "map:square:1"), "completed")
    logs = project.skylift("runs", "logs", nested, "map:square:1")
    assert logs.out == "squaring 1\n"

    assert project.skylift("runs", "delete", "last", "--yes").code == 0
    assert project.skylift("runs", "describe", nested).code == 2


def test_steps_are_cached_unless_the_run_says_otherwise(project: Project, flow: str) -> None:
    project.write("allowed", "")
    project.skylift("run", flow)

    assert project.skylift("run", flow).out == "reporting\n"
    assert project.skylift("run", flow, "--param", "count=3").out == "parting\nsquaring 2\nreporting\n"
    fresh = project.skylift("run", flow, "--no-cache")
    assert sorted(fresh.out.split()) == SAID


def test_a_file_changes_steps_that_the_function_names(project: Project, flow: str) -> None:
    project.write("allowed", "")
    project.skylift("run", flow)
    project.write("run.yaml", "steps:\n  square: {enable_cache: false, environment: {A: '1'}}\n")

    changed = project.skylift("run", flow, "--config", "run.yaml")

    assert changed.code == 0, changed.err
    assert "squaring 0" in changed.out
    assert "parting" not in changed.out

    project.write("run.yaml", "steps:\n  squares_of: {enable_cache: false}\n")
    refused = project.skylift("run", flow, "--config", "run.yaml")
    assert refused.code == 2
    assert "there is no step named 'squares_of'. Did you mean 'square'?" in refused.err


def test_what_a_run_called_is_no_difference(project: Project, flow: str) -> None:
    project.write("allowed", "")
    project.skylift("run", flow)

    assert project.skylift("diff", flow).out.rstrip().endswith(": nothing differs")

    changed = project.skylift("diff", flow, "--param", "count=3")
    assert "count" in changed.out
    assert "map:square" not in changed.out


CLEANS = (
    FLOW
    + """
@pipeline(dynamic=True)
def cleans(count: int = 2) -> None:
    try:
        report(square.map(parts(count)))
    finally:
        parts(0)
"""
)


def test_what_cleaned_up_after_the_failure_does_not_keep_the_step_from_running_again(
    project: Project,
) -> None:
    target = project.write("flow.py", CLEANS) + ":cleans"
    assert project.skylift("run", target).code == 1

    project.write("allowed", "")
    again = project.skylift("runs", "resume", "last")

    assert again.code == 0, again.err
    assert "reporting" in again.out
    assert steps(project)["report"] == "completed"


REPLACED = """
from skylift import pipeline, step
from skylift_contract.errors import StepFailed

@step(enable_cache=False)
def risky(depth: int) -> int:
    if depth > 3:
        raise ValueError("too deep")
    return depth

@step(enable_cache=False)
def last() -> None:
    raise ValueError("not yet")

@pipeline(dynamic=True)
def flow() -> None:
    try:
        risky(8)
    except StepFailed:
        pass
    last()
"""


def test_a_failure_is_not_played_again_for_another_call(project: Project) -> None:
    target = project.write("flow.py", REPLACED) + ":flow"
    assert project.skylift("run", target).code == 1
    project.write("flow.py", REPLACED.replace("risky(8)", "risky(2)"))

    again = project.skylift("runs", "resume", "last", target)

    assert again.code == 1
    assert "its function calls 'risky' with depth=2 now, and with 8 before" in again.err


FAILING = """
from skylift import StepFailed, pipeline, step

@step
def fail(word: str) -> str:
    print(f"trying {word}")
    raise ValueError(word)

@step
def say(word: str) -> str:
    print(word)
    return word

@pipeline(dynamic=True)
def inner(word: str) -> str:
    return say(fail(word))

@pipeline(dynamic=True)
def middle(word: str) -> str:
    say("within")
    return inner(word)

@pipeline(dynamic=True)
def outer(caught: str = "one", last: bool = True) -> None:
    try:
        fail(caught)
    except StepFailed:
        say("caught")
    if last:
        middle("two")
    else:
        raise KeyError("mine")
"""


@pytest.fixture
def failing(project: Project) -> str:
    return project.write("failing.py", FAILING) + ":outer"


def test_why_goes_down_to_the_step_that_failed_and_past_what_was_caught(
    project: Project, failing: str
) -> None:
    assert project.skylift("run", failing).code == 1
    why = json.loads(project.skylift("runs", "why", "last", "--output", "json").out)["why"]

    (culprit,) = why["failed"]
    assert (culprit["step"], culprit["reason"], culprit["tail"]) == (
        "middle/inner/fail",
        "ValueError: two",
        ["trying two"],
    )
    assert "raise ValueError(word)" in culprit["traceback"]
    assert [one["step"] for one in why["caught"]] == ["fail"]
    assert "failed, for step 'middle/inner/fail' failed" in why["summary"]
    command = next(one["command"] for one in why["next"] if one["for"] == "all that the step printed")
    assert "trying two\n" in project.skylift(*command.split()[1:]).out

    shown = project.skylift("runs", "why", "last").out
    assert "failed, and was caught by the pipeline's function:\n  step 'fail' failed after " in shown


def test_why_blames_no_step_for_a_failure_of_the_function_itself(project: Project, failing: str) -> None:
    assert project.skylift("run", failing, "--param", "last=false").code == 1
    why = json.loads(project.skylift("runs", "why", "last", "--output", "json").out)["why"]

    assert why["failed"] == []
    assert "failed: KeyError: 'mine'" in why["summary"]


def test_the_logs_of_a_run_are_those_of_all_that_it_called(project: Project, failing: str) -> None:
    project.skylift("run", failing)

    lines = [
        line
        for line in project.skylift("runs", "logs", "last").out.splitlines()
        if line.endswith(("one", "two", "caught", "within")) and "Error" not in line
    ]
    assert sorted(lines) == [
        "fail | trying one",
        "middle/inner/fail | trying two",
        "middle/say | within",
        "say | caught",
    ]
    assert project.skylift("runs", "logs", "last", "middle/say").out == "within\n"
    assert "say | within\n" not in project.skylift("runs", "logs", "last", "middle/inner").out
    wrong = project.skylift("runs", "logs", "last", "middle/sya")
    assert wrong.code == 2
    assert "did you mean 'say'?" in wrong.err.lower()


def test_what_a_called_pipeline_made_is_listed_and_copied(project: Project, failing: str) -> None:
    project.skylift("run", failing)

    found = json.loads(project.skylift("artifact", "list", "last", "--output", "json").out)["artifacts"]
    assert sorted((one["pipeline"], one["step"]) for one in found) == [("middle", "say"), ("outer", "say")]
    copied = project.skylift("artifact", "download", "last", "middle/say")
    assert copied.code == 0, copied.err
    assert (project.folder / copied.out.strip()).read_text() == "within"


def test_what_is_part_of_a_run_is_not_handled_by_itself(project: Project, failing: str) -> None:
    project.skylift("run", failing)
    whole = described(project)["id"]
    table = project.skylift("runs", "describe", "last").out
    part = (
        next(line for line in table.splitlines() if line.startswith("middle ")).split("run ")[1].split(":")[0]
    )

    for command in (["resume"], ["stop"], ["delete", "--yes"]):
        refused = project.skylift("runs", command[0], part, *command[1:])
        assert refused.code == 2
        assert refused.err.strip() == (
            f"error: run {part}: it is part of run {whole}, whose function called pipeline 'middle'. "
            f"Name that one: skylift runs {command[0]} {whole}"
        )


def test_watching_tells_of_what_is_within(project: Project, failing: str) -> None:
    project.skylift("run", failing)
    watched = project.skylift("runs", "watch", "last")
    assert watched.code == 1
    assert "middle/inner/fail" in watched.err


PARTS = """
import within
from skylift import pipeline

@pipeline(dynamic=True)
def flow() -> None:
    for number in range(3):
        within.part(number)
"""
WITHIN = """
from skylift import pipeline, step

@step(runtime="isolated", enable_cache=False)
def say(number: int) -> int:
    print(f"number {number}")
    return number

@pipeline(dynamic=True)
def part(number: int) -> int:
    return say(number)
"""


@pytest.fixture
def parted(project: Project) -> str:
    project.write("within.py", WITHIN)
    return project.write("parts.py", PARTS) + ":flow"


def test_what_is_called_within_is_shown_by_its_path_and_in_its_order(project: Project, parted: str) -> None:
    ran = project.skylift("run", parted)
    assert ran.code == 0, ran.err
    paths = ["part/say", "part_2/say", "part_3/say"]

    assert ran.out.splitlines() == [f"{path} | number {number}" for number, path in enumerate(paths)]
    assert project.skylift("runs", "logs", "last").out == ran.out
    watched = project.skylift("runs", "watch", "last").err
    assert sorted(paths, key=watched.index) == paths


def test_a_file_changes_steps_of_a_pipeline_of_another_module(project: Project, parted: str) -> None:
    project.write("run.yaml", "steps:\n  say: {runtime: inline}\n")
    ran = project.skylift("run", parted, "--config", "run.yaml")
    assert (ran.code, ran.out.splitlines()[0]) == (0, "number 0"), ran.err


def test_what_a_deleted_run_had_done_is_said_to_run_anew(project: Project, parted: str) -> None:
    dying = PARTS.replace("import within", "import os, within").replace(
        "    for number", '    if os.path.exists("die"): os._exit(9)\n    for number'
    )
    project.write("parts.py", dying + "    raise KeyError\n")
    assert project.skylift("run", parted).code == 1
    first = described(project)["id"]
    project.write("die", "")
    assert project.piped(*SKYLIFT, "runs", "resume", first).code == 9
    (project.folder / "die").unlink()
    project.skylift("runs", "delete", first, "--yes")

    again = project.skylift("runs", "resume", "last")
    assert again.code == 1
    (note, *_) = (line for line in again.err.splitlines() if "runs anew" in line)
    assert note.endswith("which did it before, was deleted")
    assert again.out.splitlines()[0] == "part/say | number 0"


def test_a_message_that_is_a_document_is_cut_where_people_look(project: Project) -> None:
    target = project.write("flow.py", REPLACED.replace('"not yet"', '"x" * 100_000')) + ":flow"
    project.skylift("run", target)

    shown = project.skylift("runs", "why", "last").out
    assert max(map(len, shown.splitlines())) < 10_100
    assert "characters more\n" in shown
