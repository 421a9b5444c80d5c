"""`skylift runs list`, `describe` and `why`: what they say of runs that have ended, and of those that have not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from skylift_tests_support.commands import SKYLIFT

from skylift.client import Client
from skylift.ledger import keys
from skylift.ledger.records import Writer
from skylift_contract.status import AttemptEnd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skylift_tests_support.commands import Project

    from skylift.models import PipelineRun

FLOW = """
import os
from skylift import StepRetryConfig, log_metadata, pipeline, step
from typing import Annotated

@step
def load(size: int) -> Annotated[list[int], "rows"]:
    print("loading", size)
    log_metadata({"rows": size, "source": "x\\x1b"})
    return list(range(size))

@step
def train(rows: list[int]) -> int:
    print("training")
    print("almost")
    if rows:
        raise ValueError("no column 'age'")
    return 1

@step
def score(model: int) -> int:
    return model

@step
def dies(rows: list[int]) -> int:
    os.kill(os.getpid(), 9)
    return 1

@pipeline
def good(size: int = 3, label: str = "ü") -> None:
    load(size)

@pipeline
def bad(size: int = 3) -> None:
    score(train(load(size)))

@pipeline
def killed(size: int = 3) -> None:
    score(dies(load(size)))
"""


@pytest.fixture(autouse=True)
def flow(project: Project) -> None:
    project.write("flow.py", FLOW)


def ran(project: Project, name: str) -> PipelineRun:
    project.skylift("run", f"flow.py:{name}")
    return Client(project.store).run("last")


def as_json(project: Project, *argv: str) -> dict[str, Any]:
    answer = project.skylift("runs", *argv, "--output", "json")
    assert (answer.code, answer.err) == (0, "")
    found = json.loads(answer.out)
    assert found.pop("version") == 1
    return found


def test_an_empty_store_says_so_on_stderr(project: Project) -> None:
    answer = project.skylift("runs", "list")
    assert (answer.code, answer.out) == (0, "")
    assert answer.err == f"nothing has run in {project.store} yet\n"
    assert as_json(project, "list") == {"runs": []}


def test_the_list_newest_first(project: Project) -> None:
    first, second = ran(project, "good"), ran(project, "bad")
    lines = project.skylift("runs", "list").out.splitlines()

    assert re.fullmatch(r"RUN +PIPELINE +STATUS +STARTED +TOOK +FLAVOR +REASON", lines[0])
    assert re.fullmatch(
        rf"{second.id}  bad +failed +\d+ s ago  .+ local +step 'train': ValueError: no column 'age'", lines[1]
    )
    assert re.fullmatch(rf"{first.id}  good +completed +\d+ s ago  .+ local", lines[2])


def test_the_lists_json(project: Project) -> None:
    run = ran(project, "bad")
    (found,) = as_json(project, "list")["runs"]
    assert {key: found[key] for key in ("id", "pipeline", "status", "flavor", "project", "reason")} == {
        "id": str(run.id),
        "pipeline": "bad",
        "status": "failed",
        "flavor": "local",
        "project": "default",
        "reason": "step 'train': ValueError: no column 'age'",
    }
    assert set(found) == {
        *("id", "pipeline", "status", "reason", "flavor", "project", "created", "ended", "seconds"),
        *("snapshot", "orchestrator_run_id", "submission_id", "tags", "resumes"),
    }
    assert found["created"].endswith("Z")
    assert 0 < found["seconds"] < 60


def test_the_list_by_pipeline_status_and_number(project: Project) -> None:
    for name in ("good", "bad", "good"):
        ran(project, name)

    def pipelines(*options: str) -> list[str]:
        return [run["pipeline"] for run in as_json(project, "list", *options)["runs"]]

    assert pipelines() == ["good", "bad", "good"]
    assert pipelines("--limit", "2") == ["good", "bad"]
    assert pipelines("--pipeline", "good", "--limit", "1") == ["good"]
    assert pipelines("--status", "failed") == ["bad"]
    assert pipelines("--status", "completed", "--pipeline", "bad") == []
    assert project.skylift("runs", "list", "--limit", "0").code == 2


@pytest.mark.parametrize("columns", [80, 200])
def test_the_list_fits_a_terminal(project: Project, columns: int) -> None:
    run = ran(project, "bad")
    terminal = project.terminal(*SKYLIFT, "runs", "list", columns=columns)
    assert terminal.wait() == 0
    line = terminal.seen.splitlines()[1]
    assert line.startswith(f"{str(run.id)[:8]}  bad ")
    assert len(terminal.seen.splitlines()) == 2
    assert line.endswith("…" if columns == 80 else "no column 'age'")
    assert b"\x1b[31mfailed\x1b[0m" in terminal.raw
    assert project.skylift("runs", "describe", str(run.id)[:8]).code == 0

    plain = project.terminal(*SKYLIFT, "runs", "list", columns=columns, NO_COLOR="1")
    plain.wait()
    assert b"\x1b" not in plain.raw


def test_describe(project: Project) -> None:
    run = ran(project, "good")
    out = project.skylift("runs", "describe", "last").out
    artifact = run.steps["load"].outputs["rows"]
    for expected in (
        rf"run +{run.id}",
        r"pipeline +good \(project default\)",
        r"status +completed: 1 completed",
        r"parameters +label=\"ü\", size=3",
        rf"store +{project.store}",
        r"STEP +STATUS +ATTEMPTS +TOOK +OUTPUTS +REASON",
        r"load +completed +1 +.+ +rows",
        rf"load\.rows +list +\d+ +{artifact.uri}",
    ):
        assert re.search(rf"^{expected}$", out, re.MULTILINE), f"{expected}\n{out}"
    assert "runs why" not in out


def test_describe_as_json(project: Project) -> None:
    run = ran(project, "bad")
    found = as_json(project, "describe", str(run.id))["run"]

    assert found["parameters"] == {"size": 3}
    assert found["store"] == project.store
    steps = {step.pop("step"): step for step in found["steps"]}
    assert [(name, step["status"], step["attempts"]) for name, step in steps.items()] == [
        ("load", "completed", 1),
        ("train", "failed", 1),
        ("score", "skipped", 0),
    ]
    (rows,) = steps["load"]["outputs"]
    assert rows == {
        "name": "rows",
        "type": "builtins:list",
        "materializer": rows["materializer"],
        "bytes": rows["bytes"],
        "digest": rows["uri"].rpartition("/")[2],
        "uri": run.steps["load"].outputs["rows"].uri,
    }
    assert steps["train"]["reason"] == "ValueError: no column 'age'"
    assert steps["train"]["seconds"] is not None
    assert (steps["score"]["started"], steps["score"]["outputs"]) == (None, [])


def test_why_a_run_failed(project: Project) -> None:
    run = ran(project, "bad")
    out = project.skylift("runs", "why", "last").out
    line = next(number for number, text in enumerate(FLOW.splitlines(), 1) if "no column" in text)
    assert (
        re.sub(r"after \d+ ms|after [\d.]+ s", "after T", out)
        == f"""\
run {run.id} of pipeline 'bad' failed, for step 'train' failed (1 completed, 1 failed, 1 skipped).

step 'train' failed after T: ValueError: no column 'age'

  Traceback (most recent call last):
    File "{project.folder}/flow.py", line {line}, in train
      raise ValueError("no column 'age'")
  ValueError: no column 'age'

  the last it printed:
  | training
  | almost

did not run because of that: score

next:
  skylift runs logs {run.id} train  all that the step printed
  skylift runs describe {run.id}    every step, with its outputs
  skylift runs resume {run.id}      do what it has left; with FILE.py, as that is today
"""
    )


def test_why_as_json(project: Project) -> None:
    run = ran(project, "bad")
    found = as_json(project, "why", "last")
    assert found["run"]["id"] == str(run.id)
    why = found["why"]
    (failed,) = why["failed"]
    assert failed["step"] == "train"
    assert failed["traceback"].endswith("ValueError: no column 'age'\n")
    assert failed["tail"] == ["training", "almost"]
    assert (why["not_run"], why["stopped"]) == (["score"], [])
    assert why["next"][0]["command"] == f"skylift runs logs {run.id} train"


def test_a_long_parameter_is_cut_and_stands_whole_in_the_json(project: Project) -> None:
    project.write("flow.py", FLOW)
    label = "x" * 5000
    assert project.skylift("run", "flow.py:good", "--param", f"label={label}").code == 0
    out = project.skylift("runs", "describe", "last").out
    assert re.search(r'^parameters  label="x{299} …, size=3$', out, re.MULTILINE)
    assert as_json(project, "describe", "last")["run"]["parameters"]["label"] == label


def test_why_of_a_run_that_completed(project: Project) -> None:
    run = ran(project, "good")
    answer = project.skylift("runs", "why", "last")
    assert answer.code == 0
    assert answer.out.startswith(
        f"run {run.id} of pipeline 'good' completed, and nothing of it failed (1 completed).\n"
    )


def test_a_run_whose_process_died_is_sealed_by_the_first_who_looks(project: Project) -> None:
    answer = project.piped(*SKYLIFT, "run", "flow.py:killed")
    assert answer.code == -9
    run = Client(project.store).run("last")
    assert run.end is None

    (listed,) = as_json(project, "list")["runs"]
    assert (listed["status"], listed["reason"]) == ("failed", "step 'dies': the process died")
    end = run.end
    assert end is not None
    assert listed["ended"] == end.time.isoformat().replace("+00:00", "Z")
    assert as_json(project, "list")["runs"] == [listed]

    out = project.skylift("runs", "why", "last").out
    assert "step 'dies' failed: the process died\n" in out
    assert "did not run because of that: score\n" in out


def test_a_reader_that_may_not_write_reads_all_the_same(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skylift.store.objects import ObjectStore
    from skylift_contract.errors import StoreUnavailable

    project.piped(*SKYLIFT, "run", "flow.py:killed")

    def refuse(*_: Any) -> None:
        raise StoreUnavailable("read-only")

    with monkeypatch.context() as patched:
        patched.setattr(ObjectStore, "create", refuse)
        assert as_json(project, "describe", "last")["run"]["status"] == "failed"
    assert Client(project.store).run("last").end is None


@pytest.mark.parametrize("name", ["zzzz", "ab", "not/a key", "00000000-0000-0000-0000-000000000000"])
def test_a_run_that_is_not_there(project: Project, name: str) -> None:
    answer = project.skylift("runs", "describe", name)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == f"error: {project.store}: there is no run {name!r}. See: skylift runs list\n"


def test_ids_may_be_shortened_and_written_otherwise(project: Project) -> None:
    run = ran(project, "good")
    for name in (str(run.id), str(run.id).upper(), str(run.id).replace("-", ""), str(run.id)[:4].upper()):
        assert Client(project.store).run(name).id == run.id


def test_a_start_that_two_runs_have(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    ran(project, "good")
    ids = ["aaaa1111-0000-5000-8000-000000000000", "aaaa2222-0000-5000-8000-000000000000"]

    def two(_: Client) -> Iterator[str]:
        return iter(ids)

    monkeypatch.setattr(Client, "_ids", two)
    assert project.skylift("runs", "why", "aaaa").err == (
        f"error: run 'aaaa': 2 runs begin with that: {', '.join(ids)}. Give more of it.\n"
    )


def test_records_say_who_wrote_them() -> None:
    """What stopping and sealing rely on: this process is alive by its own record."""
    from skylift.ledger.process import liveness
    from skylift_contract.status import Liveness

    assert liveness(Writer.this_process()) is Liveness.ALIVE


def spoil(project: Project, key: str, data: bytes) -> None:
    path = Path(project.store.removeprefix("file://"), "skylift/1", key)
    path.write_bytes(data)


def test_a_run_that_cannot_be_read_stands_in_the_list(project: Project) -> None:
    broken, whole = ran(project, "good"), ran(project, "good")
    record = broken.record
    assert record is not None
    for key in (keys.run(record.run_id), keys.index(record.run_id, record.created)):
        spoil(project, key, b'{"major": 9}')

    lines = project.skylift("runs", "list").out.splitlines()
    assert lines[1].startswith(f"{whole.id}  good")
    assert re.fullmatch(
        rf"{broken.id}  \? +unknown +\d+ s ago +\? +runs/.+: it was written by a newer .+", lines[2]
    )
    found = as_json(project, "list")["runs"][1]
    assert (found["id"], found["status"], found["pipeline"], found["seconds"]) == (
        *(record.run_id, "unknown", None, None),
    )


@pytest.mark.parametrize("data", [b"", b'{"major": 9}', None])
def test_a_submission_that_cannot_be_read_keeps_nothing_else_back(
    project: Project, data: bytes | None
) -> None:
    run = ran(project, "good")
    assert run.submission_id is not None
    key = keys.request(run.submission_id)
    if data is None:
        run.ledger.store.delete([key])
    else:
        spoil(project, key, data)

    answer = project.skylift("runs", "describe", "last")
    assert answer.code == 0
    assert re.search(r"^load +completed", answer.out, re.MULTILINE)
    assert re.search(rf"^damaged\n{re.escape(key)}: it (is|was) ", answer.out, re.MULTILINE)
    found = as_json(project, "describe", "last")["run"]
    assert (len(found["damaged"]), found["user"], found["parameters"]["size"]) == (1, None, 3)


def test_a_damaged_end_of_a_step_is_shown(project: Project) -> None:
    run = ran(project, "bad")
    key = keys.attempt_end(str(run.id), "train", 1, AttemptEnd.FAILED)
    spoil(project, key, b'{"attempt": 1, "inv')

    answer = project.skylift("runs", "describe", "last")
    assert answer.code == 0
    assert re.search(rf"^train +failed +1 +{re.escape(key)}: it is damaged", answer.out, re.MULTILINE)
    assert project.skylift("runs", "why", "last").code == 0
    assert project.skylift("runs", "watch", "last").code == 1


def test_describe_shows_what_steps_noted(project: Project) -> None:
    ran(project, "good")
    out = project.skylift("runs", "describe", "last").out
    assert '\nmetadata\nload  rows=3, source="x\\u001b"\n' in out
    (step,) = as_json(project, "describe", "last")["run"]["steps"]
    assert step["metadata"] == {"rows": 3, "source": "x\x1b"}


def test_a_store_that_is_not_there(project: Project, tmp_path: Path) -> None:
    answer = project.skylift("runs", "list", "--store", f"file://{tmp_path}/no/store")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        f"error: store file://{tmp_path}/no/store: there is no folder {tmp_path}/no. "
        "Correct --store or SKYLIFT_STORE_URI.\n"
    )
    empty = project.skylift("runs", "list", "--store", f"file://{tmp_path}/new")
    assert (empty.code, empty.err) == (0, f"nothing has run in file://{tmp_path}/new yet\n")
    ran(project, "good")
    none = project.skylift("runs", "list", "--pipeline", "other")
    assert (none.code, none.err) == (0, f"there are no such runs in {project.store}\n")
