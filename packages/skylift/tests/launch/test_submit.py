from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import pytest

from skylift import (
    Client,
    DockerSettings,
    ExecutionStatus,
    ResourceSettings,
    Schedule,
    StepRetryConfig,
    get_step_context,
    log_metadata,
    pipeline,
    step,
)
from skylift.launch import submit
from skylift.ledger import keys
from skylift.ledger.index import newest_runs
from skylift.models import PipelineRun
from skylift_contract.errors import ConfigurationError, RunFailed, UnsupportedCapability

_SEEN: list[str] = []


@pytest.fixture(autouse=True)
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    uri = f"file://{tmp_path}/store"
    monkeypatch.setenv("SKYLIFT_STORE_URI", uri)
    _SEEN.clear()
    return uri


@step
def make(value: int) -> int:
    print(f"making {value}")
    return value


@step
def split(value: int) -> tuple[Annotated[int, "half"], Annotated[int, "rest"]]:
    log_metadata({"odd": value % 2 == 1})
    return value // 2, value % 2


@step
def fail(value: int) -> int:
    raise ValueError(f"no {value}")


@step(retry=StepRetryConfig(max_retries=2))
def third_time(value: int) -> int:
    _SEEN.append("try")
    if get_step_context().attempt < 3:
        raise RuntimeError("not yet")
    return value


@step(environment={"COLOUR": "red"})
def reads_environment() -> str:
    return os.environ["COLOUR"]


@pipeline
def halves(value: int = 7) -> None:
    split(make(value))


@pipeline
def fails(value: int = 7) -> None:
    fail(make(value))


@pipeline
def retries() -> None:
    third_time(make(1))


@pipeline
def environments() -> None:
    reads_environment()


def test_a_run_and_what_it_made() -> None:
    run: PipelineRun = halves(value=9)

    assert run.status is ExecutionStatus.COMPLETED
    assert {name: out.load() for name, out in run.steps["split"].outputs.items()} == {"half": 4, "rest": 1}
    assert run.steps["split"].metadata == {"odd": True}
    assert "".join(run.steps["make"].logs()) == "making 9\n"


def test_the_client_finds_it_again(store: str) -> None:
    run: PipelineRun = halves()
    client = Client(store)

    assert [found.id for found in client.runs()] == [run.id]
    for name in (str(run.id), str(run.id)[:8], "last"):
        assert client.run(name).id == run.id
    assert client.run("last").steps["split"].outputs["half"].load() == 3


def test_the_request_says_who_asked_for_what() -> None:
    run: PipelineRun = halves.with_options(tags=["try"])()
    request = run.ledger.request(run.submission_id or "")

    assert request is not None
    assert (request.pipeline, request.flavor, request.tags) == ("halves", "local", ("try",))
    assert request.git_commit is None or len(request.git_commit) == 40


def test_the_state_of_the_source_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []

    def git_state(folder: Path) -> tuple[str, bool]:
        asked.append(folder)
        return "c0ffee", True

    monkeypatch.setattr(submit, "git_state", git_state)
    run = halves()
    assert run.submission_id
    request = run.ledger.request(run.submission_id)
    assert request is not None
    assert (request.git_commit, len(asked)) == ("c0ffee", 1)


def test_a_failure_is_raised_and_recorded() -> None:
    with pytest.raises(
        RunFailed, match=r"failed: step 'fail': ValueError: no 7\. See: skylift runs why "
    ) as error:
        fails()

    run = Client().run(error.value.run_id)
    assert run.status is ExecutionStatus.FAILED
    ((name, reason, info),) = run.failures()
    assert (name, reason) == ("fail", "ValueError: no 7")
    assert info is not None
    assert info.traceback.splitlines()[1].strip().startswith(f'File "{__file__}"')


def note_success() -> None:
    _SEEN.append("success")


def note_failure(error: Exception) -> None:
    _SEEN.append(f"{type(error).__name__}: {error}")


def test_the_pipelines_hooks_are_called_once_when_the_run_has_ended() -> None:
    hooks = {"on_success": note_success, "on_failure": note_failure}
    halves.with_options(**hooks)()
    with pytest.raises(RunFailed):
        fails.with_options(**hooks)()
    assert _SEEN[0] == "success"
    assert len(_SEEN) == 2
    assert _SEEN[1].startswith("RunFailed: run ")
    assert "ValueError: no 7" in _SEEN[1]


def test_a_step_is_tried_again_as_often_as_asked() -> None:
    run: PipelineRun = retries()
    assert run.status is ExecutionStatus.COMPLETED
    assert run.steps["third_time"].status_of.attempt == 3
    assert _SEEN == ["try"] * 3


def test_a_steps_environment_is_its_own() -> None:
    run: PipelineRun = environments()
    assert run.steps["reads_environment"].outputs["output"].load() == "red"
    assert "COLOUR" not in os.environ


def test_a_schedule_is_not_deployed_here_and_that_is_said(capfd: pytest.CaptureFixture[str]) -> None:
    run: PipelineRun = halves.with_options(schedule=Schedule(cron_expression="0 2 * * *"))()

    assert run.status is ExecutionStatus.COMPLETED
    assert (
        "the schedule is not deployed, and this runs once: nothing of Skylift's stays running"
        in capfd.readouterr().err
    )


def test_run_now_leaves_the_schedule_out(capfd: pytest.CaptureFixture[str]) -> None:
    halves.with_options(schedule=Schedule(cron_expression="0 2 * * *")).run_now()
    assert "schedule" not in capfd.readouterr().err


def test_what_is_emulated_is_said_once(capfd: pytest.CaptureFixture[str]) -> None:
    asked = {"resources": ResourceSettings(cpu_count=1)}
    halves.with_options(settings=asked)()
    assert (
        capfd.readouterr().err.count("cpu of 'make', 'split': checked against this machine, not enforced")
        == 1
    )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"settings": {"resources": ResourceSettings(cpu_count=100000)}}, r"CPUs \(100000 asked\)"),
        ({"settings": {"docker": DockerSettings(requirements=("no-such-thing",))}}, "no such package"),
        ({"settings": {"orchestrator.local": {"max_paralellism": 2}}}, "Did you mean 'max_parallelism'"),
    ],
)
def test_what_cannot_run_here_leaves_nothing_behind(
    options: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        halves.with_options(**options)()
    assert not (tmp_path / "store").exists()


def test_every_refusal_is_told_at_once(tmp_path: Path) -> None:
    asked = {"resources": ResourceSettings(gpu_count=1, gpu_type="T4")}
    with pytest.raises(
        UnsupportedCapability, match=r"step 'make' uses gpu_type: .*step 'split' uses gpu_type"
    ) as error:
        halves.with_options(settings=asked)()
    assert [one.partition(":")[0] for one in error.value.refusals] == [
        "step 'make' uses gpu_type",
        "step 'split' uses gpu_type",
        "step 'make'",
    ]
    assert "GPU" in error.value.refusals[2], (
        "what the orchestrator refuses comes with what the flavor has not"
    )
    assert not (tmp_path / "store").exists()


def test_workers_need_a_store_they_can_see(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYLIFT_STORE_URI", "memory://workers")
    with pytest.raises(ConfigurationError, match=r"cannot see a store in memory .*Use a file:// store\."):
        halves.with_options(settings={"orchestrator.local": {"max_parallelism": 2}})()


def test_in_memory_all_else_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYLIFT_STORE_URI", "memory://runs")
    run: PipelineRun = halves(value=5)
    assert run.steps["split"].outputs["half"].load() == 2


def test_the_same_source_is_stored_once() -> None:
    uncached = halves.with_options(enable_cache=False)
    first: PipelineRun = uncached()
    second: PipelineRun = uncached()
    assert first.snapshot == second.snapshot
    assert first.id != second.id
    assert len(first.ledger.store.list("code/")) == 1
    assert len(first.ledger.store.list("snapshots/")) == 1


def test_runs_are_listed_newest_first() -> None:
    before = datetime.now(UTC)
    runs: list[PipelineRun] = [halves(value=i) for i in range(3)]
    records = list(newest_runs(runs[0].ledger))
    assert [record.run_id for record in records] == [str(run.id) for run in reversed(runs)]
    assert all(record.created >= before for record in records)
    assert keys.INDEX == "index/"


SCRIPT = """
import sys
from skylift import pipeline, step
from dataclasses import dataclass

@dataclass
class Point:
    x: int

@step
def make() -> Point:
    return Point(3)

@step
def double(point: Point) -> int:
    return point.x * 2

@pipeline(settings={"orchestrator.local": {"max_parallelism": int(sys.argv[1]) if len(sys.argv) > 1 else 1}})
def scripted() -> None:
    double(make())

if __name__ == "__main__":
    run = scripted()
    print(run.steps["double"].outputs["output"].load())
"""


@pytest.mark.parametrize("parallelism", ["1", "2"])
def test_a_script_runs_its_own_steps(tmp_path: Path, parallelism: str) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    ended = subprocess.run(
        [sys.executable, "script.py", parallelism], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout.splitlines()[-1:]) == (0, ["6"]), ended.stderr


def test_steps_of_a_prompt_run_in_process_and_only_there(tmp_path: Path) -> None:
    lines = SCRIPT.replace('if __name__ == "__main__":', "if True:")
    for parallelism, code in (("1", 0), ("2", 1)):
        ended = subprocess.run(
            [sys.executable, "-", parallelism],
            input=lines,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == code, ended.stderr
    assert ended.stderr.splitlines()[-1].endswith(
        "step 'make': it is defined in a program that is no file: it exists in this process only, and steps "
        "that are isolated, limited in time, or in parallel run in processes of their own. Move it to a module "
        "that the program imports, or run it with max_parallelism=1."
    )


def test_workers_are_given_no_options_of_a_store(tmp_path: Path) -> None:
    from skylift.authoring.options import PipelineOptions
    from skylift.launch.stacks import resolve_stack
    from skylift.stack import ArtifactStore, Stack

    store = ArtifactStore(f"file://{tmp_path}/other", {"retry_timeout_s": "2"})
    stack = Stack("mine", resolve_stack(PipelineOptions()).orchestrator, store)
    with pytest.raises(
        ConfigurationError, match=r"options \(got 'retry_timeout_s'\)\. Set them as environment"
    ):
        halves.with_options(stack=stack, settings={"orchestrator.local": {"max_parallelism": 2}})()


@step
def text() -> str:
    return "5"


@step
def untyped() -> Any:
    return ["a", 2]


@step
def wants_numbers(values: list[int]) -> None: ...


@pipeline
def passes_text() -> None:
    make(text())


@pipeline
def passes_a_bag() -> None:
    wants_numbers(untyped())


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (
            passes_text,
            r"step 'make': input 'value': it does not match its annotation.*\(got '5', limit: int\)",
        ),
        (passes_a_bag, r"step 'wants_numbers': input 'values': it does not match its annotation.*\[0\]"),
    ],
)
def test_what_an_input_is_given_is_checked(wrong: Any, sentence: str) -> None:
    with pytest.raises(RunFailed, match=sentence):
        wrong()


@step
def measures() -> None:
    import numpy as np

    log_metadata({"loss": np.float64(0.5), "nothing": float("nan"), "count": np.int64(3)})


@step
def names_by_number() -> None:
    log_metadata({1: 2})  # pyright: ignore[reportArgumentType]


@pipeline
def measured() -> None:
    measures()


@pipeline
def named_by_number() -> None:
    names_by_number()


def test_metrics_are_plain_numbers() -> None:
    run: PipelineRun = measured()
    assert run.steps["measures"].metadata == {"loss": 0.5, "nothing": "NaN", "count": 3}
    with pytest.raises(RunFailed, match="a name is text"):
        named_by_number()


def test_what_else_lies_in_the_index_hides_no_run(store: str) -> None:
    run: PipelineRun = halves()
    folder = store.removeprefix("file://")
    (Path(folder) / "skylift/1/index/.DS_Store").touch()
    assert [found.id for found in Client(store).runs()] == [run.id]
