"""What people are shown of steps that stored nothing: as their run's backend has it, where it has any."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from skylift_tests_support.backends import Here, Processes, Talking
from skylift_tests_support.runs import make_record, make_request, make_snapshot, make_step

from skylift import backends
from skylift.explanation import TAIL
from skylift.ledger import keys
from skylift.ledger.ledger import Ledger
from skylift.ledger.records import Writer
from skylift.models import PipelineRun
from skylift.store.location import open_store
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import NotFound, PermissionDenied
from skylift_contract.snapshot import INLINE, ISOLATED
from skylift_contract.status import RunStatus, StepStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from skylift_tests_support.commands import Answer, Project

    from skylift_contract.orchestrator import BaseOrchestrator
    from skylift_contract.snapshot import PipelineSnapshot

SNAPSHOT = make_snapshot(*(make_step(name) for name in "abc"), flavor="elsewhere")
DEAD = StepStatus(Status.FAILED, "exited with a non-zero status of 2", attempt=1)
GONE = NotFound("it is not kept any more", operation="elsewhere:ReadLog")
REFUSED = PermissionDenied("you may not", operation="elsewhere:ReadLog")


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Talking:
    """Of its three steps two came to nothing; the third never began."""
    made = Talking(Here(), name="prod", flavor="elsewhere")
    made.standing = RunStatus(Status.FAILED, "step 'a': it ended", {"a": DEAD, "b": DEAD})

    def named(name: str, flavor: str) -> BaseOrchestrator:
        assert (name, flavor) == ("prod", "elsewhere")
        return made

    monkeypatch.setattr(backends, "orchestrator_named", named)
    return made


@pytest.fixture
def submitted(project: Project) -> Callable[..., PipelineRun]:
    def make(snapshot: PipelineSnapshot = SNAPSHOT, **fields: Any) -> PipelineRun:
        ledger, submission = Ledger(open_store(project.store)), str(uuid4())
        ledger.put_snapshot(snapshot)
        ledger.submit(make_request(snapshot, submission, **fields))
        record = make_record(snapshot, submission_id=submission)
        return PipelineRun.of_record(ledger, ledger.open_run(record))

    return make


@pytest.fixture
def run(submitted: Callable[..., PipelineRun]) -> PipelineRun:
    return submitted()


def printed(run: PipelineRun, step: str, text: str, attempt: int = 1) -> None:
    run.ledger.store.create(keys.log_chunk(str(run.id), step, attempt, 0), text.encode())


def logs(project: Project, *argv: str) -> Answer:
    answer = project.skylift("runs", "logs", "last", *argv)
    assert answer.code == 0, answer.err
    return answer


def note(step: str) -> str:
    return f"note: nothing of step '{step}' is stored; this is from the log that elsewhere keeps\n"


def test_the_backends_log_is_shown_where_nothing_is_stored(
    project: Project, run: PipelineRun, cloud: Talking
) -> None:
    cloud.said["a"] = ["installing\n", "no such\n\nversion", "end\n"]
    for _ in range(2):  # the first look records that the run has ended, and of its steps nothing
        answer = logs(project, "a")
        assert answer.out == "installing\nno such\n\nversion\nend\n"
        assert answer.err == note("a")
    assert run.end is not None
    assert cloud.asked == ["a", "a"]


def test_of_all_steps_only_what_is_lacking_is_asked_for(
    project: Project, run: PipelineRun, cloud: Talking
) -> None:
    printed(run, "a", "stored\n")
    cloud.said = {"a": ["asked\n"], "b": ["dead\n"], "c": ["never\n"]}
    answer = logs(project)
    assert (answer.out, answer.err, cloud.asked) == ("a | stored\nb | dead\n", note("b"), ["b"])


@pytest.mark.parametrize("argv", [("a",), ("c",)])
def test_nobody_is_asked_for_what_is_stored_or_never_began(
    project: Project, run: PipelineRun, cloud: Talking, argv: tuple[str, ...]
) -> None:
    printed(run, "a", "stored\n")
    logs(project, *argv)
    assert cloud.asked == []


def test_what_committed_had_stored_all_that_it_printed(
    project: Project, run: PipelineRun, cloud: Talking, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = {name: StepStatus(Status.COMPLETED, attempt=1) for name in "abc"}

    def completed(_: PipelineRun) -> RunStatus:
        return RunStatus(Status.COMPLETED, steps=steps)

    monkeypatch.setattr(PipelineRun, "fetch", completed)
    assert (logs(project).err, cloud.asked) == ("nothing was printed\n", [])


def test_as_json_each_line_is_an_object(project: Project, run: PipelineRun, cloud: Talking) -> None:
    cloud.said["a"] = ["one\n", "two\n"]
    answer = logs(project, "a", "--output", "json")
    assert [json.loads(line) for line in answer.out.splitlines()] == [
        {"version": 1, "step": "a", "attempt": 1, "line": line} for line in ("one", "two")
    ]


def test_following_ends_with_it(project: Project, run: PipelineRun, cloud: Talking) -> None:
    cloud.said["b"] = ["dead\n"]
    assert logs(project, "b", "--follow").out == "dead\n"


def test_what_is_not_kept_any_more_keeps_nothing_else_from_being_shown(
    project: Project, run: PipelineRun, cloud: Talking
) -> None:
    cloud.said = {"a": GONE, "b": ["dead\n"]}
    answer = logs(project)
    assert answer.out == "b | dead\n"
    assert answer.err == (
        "note: nothing of step 'a' is stored; the log that elsewhere keeps of it cannot be read: "
        f"elsewhere:ReadLog: it is not kept any more.\n{note('b')}"
    )


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (REFUSED, "elsewhere:ReadLog: you may not."),
        (ValueError("odd"), "Talking.fetch_logs of flavor 'elsewhere' of "),
    ],
)
def test_what_refuses_one_step_is_not_asked_for_the_next(
    project: Project, run: PipelineRun, cloud: Talking, error: Exception, said: str
) -> None:
    cloud.said = {"a": error, "b": error}
    answer = logs(project)
    assert (answer.out, cloud.asked) == ("", ["a"])
    assert answer.err.startswith(
        f"note: nothing of step 'a' is stored; the log that elsewhere keeps cannot be read: {said}"
    )
    assert answer.err.count("\n") == 1


def test_a_flavor_that_reads_no_logs_is_not_asked(
    project: Project, run: PipelineRun, cloud: Talking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Talking, "fetch_logs", Processes.fetch_logs)
    assert logs(project, "a").err == "nothing was printed\n"


def test_an_emulators_log_is_read_by_its_own_process_only(
    project: Project, submitted: Callable[..., PipelineRun], cloud: Talking, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted(is_emulated=True)
    monkeypatch.setitem(backends.EMULATED, "prod", cloud)
    cloud.said["a"] = ["dead\n"]
    assert logs(project, "a").out == "dead\n"


def test_no_cloud_is_asked_for_what_was_emulated(
    project: Project, submitted: Callable[..., PipelineRun], cloud: Talking
) -> None:
    run = submitted(is_emulated=True, writer=Writer.this_process().model_copy(update={"pid": 2**22 + 1}))
    run.ledger.store.create(keys.attempt_start(str(run.id), "a", 1), b"{}")
    answer = logs(project, "a")
    assert answer.err == (
        "note: nothing of step 'a' is stored; the log that elsewhere keeps cannot be read: "
        f"run {run.id}: the process that emulated its backend is gone.\n"
    )
    assert cloud.asked == []


@pytest.mark.parametrize(("runtime", "asked"), [(INLINE, ["a"]), (ISOLATED, [])])
def test_a_dynamic_runs_one_log_is_read_once_and_is_not_that_of_other_jobs(
    project: Project,
    run: PipelineRun,
    cloud: Talking,
    monkeypatch: pytest.MonkeyPatch,
    runtime: str,
    asked: list[str],
) -> None:
    steps = make_snapshot(*(make_step(name, runtime=runtime) for name in "ab"), flavor="elsewhere")
    dynamic = steps.pipeline_configuration.model_copy(update={"dynamic": True})
    called = steps.model_copy(update={"pipeline_configuration": dynamic})
    monkeypatch.setattr(PipelineRun, "snapshot_of", called)  # as it has grown when both were called
    cloud.said["a"] = ["of the function\n"]
    logs(project)
    assert cloud.asked == asked


def test_why_has_the_last_lines_of_it(project: Project, run: PipelineRun, cloud: Talking) -> None:
    cloud.said["a"] = [f"line {number}\n" for number in range(100)]
    last = [f"line {number}" for number in range(100 - TAIL, 100)]
    for _ in range(2):  # the first look records that the run has ended, and of its steps nothing
        shown = project.skylift("runs", "why", "last").out.splitlines()
        assert f"step 'a' failed: {DEAD.reason}" in shown
        assert [line for line in shown if line.startswith("  | ")] == [f"  | {line}" for line in last]
        assert "memory" not in " ".join(shown)
    found = json.loads(project.skylift("runs", "why", "last", "--output", "json").out)["why"]
    assert [(one["step"], one["tail"]) for one in found["failed"]] == [("a", last), ("b", [])]
    assert found["not_run"] == ["c"]
    assert cloud.asked == ["a"] * 3


def test_why_does_not_ask_where_something_is_stored(
    project: Project, run: PipelineRun, cloud: Talking
) -> None:
    run.ledger.store.create(keys.attempt_start(str(run.id), "a", 1), b"{}")
    printed(run, "a", "stored\n")
    assert "  | stored\n" in project.skylift("runs", "why", "last").out
    assert cloud.asked == []


@pytest.mark.parametrize("error", [GONE, REFUSED, ValueError("odd")])
def test_why_answers_where_the_log_cannot_be_read(
    project: Project, run: PipelineRun, cloud: Talking, error: Exception
) -> None:
    cloud.said["a"] = error
    answer = project.skylift("runs", "why", "last")
    assert (answer.code, answer.err, cloud.asked) == (0, "", ["a"])
    assert f"step 'a' failed: {DEAD.reason}\n" in answer.out
    assert "the last it printed" not in answer.out
