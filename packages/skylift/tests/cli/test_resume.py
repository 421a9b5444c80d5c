"""`skylift runs resume`: what runs again, of which source, and what is refused."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from skylift_tests_support.commands import SKYLIFT
from skylift_tests_support.runs import lines
from skylift_tests_support.stored_files import age

from skylift.client import Client
from skylift.garbage.collection import GRACE
from skylift.ledger import keys
from skylift.store.location import LAYOUT
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from skylift_tests_support.commands import Project

    from skylift.models import PipelineRun

FLOW = """
import os
from pathlib import Path
from skylift import Schedule, pipeline, step

def note(line):
    with Path("journal").open("a") as file:
        file.write(line + "\\n")

@step
def first(number: int) -> int:
    note("first")
    return number

@step
def left(value: int) -> str:
    note("left")
    return "x" * 5000

@step
def right(value: int, factor: int) -> int:
    note("right")
    if not Path("mended").exists():
        raise ValueError("no luck")
    return value * factor

@step
def last(one: str, two: int) -> int:
    note("last")
    return len(one) + two

@pipeline(enable_cache=False)
def diamond(number: int = 2, factor: int = 3) -> None:
    value = first(number)
    last(left(value), right(value, factor))

@pipeline
def cached(number: int = 2, factor: int = 3) -> None:
    value = first(number)
    last(left(value), right(value, factor))

@step
def dies() -> int:
    note("dies")
    if not Path("mended").exists():
        os.kill(os.getpid(), 9)
    return 1

@pipeline(enable_cache=False)
def killed() -> None:
    first(1)
    dies(after=["first"])

@step
def stuck() -> int:
    with open("here", "w"):
        pass
    with open("never") as fifo:
        fifo.read()
    return 1

@pipeline
def waits() -> None:
    stuck()

@pipeline(enable_cache=False, settings={"orchestrator.local": {"max_parallelism": 2}})
def apart(number: int = 2, factor: int = 3) -> None:
    value = first(number)
    last(left(value), right(value, factor))

@pipeline(enable_cache=False, schedule=Schedule(cron_expression="0 2 * * *"))
def nightly(number: int = 2, factor: int = 3) -> None:
    value = first(number)
    last(left(value), right(value, factor))
"""


class Flow:
    """A project whose pipeline fails until it is mended, and what its steps did."""

    def __init__(self, project: Project) -> None:
        self.project = project
        project.write("flow.py", FLOW)

    def fail(self, pipeline: str = "diamond", *arguments: str) -> PipelineRun:
        assert self.project.skylift("run", f"flow.py:{pipeline}", *arguments).code == 1
        self.forget()
        return self.newest()

    def mend(self) -> None:
        (self.project.folder / "mended").touch()

    def edit(self, old: str, new: str) -> None:
        assert old in FLOW
        self.project.write("flow.py", FLOW.replace(old, new))

    def newest(self) -> PipelineRun:
        return Client(self.project.store).run("last")

    def ran(self) -> list[str]:
        return lines(self.project.folder / "journal")

    def forget(self) -> None:
        (self.project.folder / "journal").unlink(missing_ok=True)

    def object(self, key: str) -> Path:
        return Path(self.project.store.removeprefix("file://")) / LAYOUT / key

    def json(self, *argv: str) -> dict[str, Any]:
        answer = self.project.skylift(*argv, "--output", "json")
        assert answer.code == 0, answer.err
        return json.loads(answer.out)


@pytest.fixture
def flow(project: Project) -> Flow:
    return Flow(project)


def test_only_what_is_left_runs(flow: Flow) -> None:
    before = flow.fail("diamond", "--param", "factor=5", "--tag", "trial")
    flow.mend()
    answer = flow.project.skylift("runs", "resume", "last")
    assert answer.code == 0, answer.err
    assert flow.ran() == ["right", "last"]
    run = flow.newest()
    assert run.id != before.id
    assert f"left: cached: from run {before.id}" in answer.err
    assert run.steps["last"].outputs["output"].load() == 5010
    assert run.snapshot_of.code == before.snapshot_of.code
    assert run.snapshot_of.pipeline_configuration == before.snapshot_of.pipeline_configuration

    described = flow.json("runs", "describe", "last")["run"]
    assert described["resumes"] == str(before.id)
    assert {one["step"]: one["cached_from"] for one in described["steps"]} == {
        "first": {"run": str(before.id), "step": "first"},
        "left": {"run": str(before.id), "step": "left"},
        "right": None,
        "last": None,
    }
    assert f"resumes     {before.id}\n" in flow.project.skylift("runs", "describe", "last").out
    listed = {one["id"]: one["resumes"] for one in flow.json("runs", "list")["runs"]}
    assert listed == {str(run.id): str(before.id), str(before.id): None}
    assert (
        "taken from the run that it resumes: first, left\n" in flow.project.skylift("runs", "why", "last").out
    )
    why = flow.json("runs", "why", "last")["why"]
    assert (why["resumed"], why["cached"]) == (["first", "left"], [])


def test_a_run_that_has_completed_has_nothing_left(flow: Flow) -> None:
    flow.mend()
    assert flow.project.skylift("run", "flow.py:diamond").code == 0
    before, ran = flow.newest(), flow.ran()
    answer = flow.project.skylift("runs", "resume", "last")
    assert (answer.code, answer.out) == (0, "")
    assert answer.err == f"note: run {before.id} has completed: there is nothing to resume\n"
    assert flow.newest().id == before.id
    assert before.resume().id == before.id
    assert flow.ran() == ran


@pytest.mark.parametrize("pipeline", ["diamond", "apart"])
def test_the_recorded_source_runs_and_not_what_lies_here(flow: Flow, pipeline: str) -> None:
    flow.fail(pipeline)
    flow.mend()
    flow.edit("return value * factor", 'note("today"); return 0')
    before = list(sys.path)
    run = flow.newest()
    assert flow.project.skylift("runs", "resume", "last").code == 0
    assert sorted(flow.ran()) == ["last", "right"]
    assert flow.newest().steps["right"].outputs["output"].load() == 6
    assert sys.path == before
    (flow.project.folder / "flow.py").unlink()
    assert flow.project.skylift("runs", "resume", str(run.id)).code == 0
    assert sorted(flow.ran()) == ["last", "last", "right", "right"]


def test_in_python_what_was_imported_before_is_put_back(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    run = flow.fail()
    flow.mend()
    flow.edit("return value * factor", "return 0")
    monkeypatch.chdir(flow.project.folder)
    monkeypatch.setattr(sys, "path", [str(flow.project.folder), *sys.path])
    import flow as today  # pyright: ignore[reportMissingImports]

    try:
        made = run.resume()
        assert made.steps["right"].outputs["output"].load() == 6
        assert sys.modules["flow"] is today
        sentence = (
            rf"run {run.id}: the source that it was made of goes with its own parameters "
            r"\(got 'factor'\)\. Give the pipeline, too: run\.resume\(pipeline, parameters=…\)"
        )
        with pytest.raises(ConfigurationError, match=f"^{sentence}$"):
            run.resume(parameters={"factor": 7})
        mended = run.resume(today.diamond, parameters={"factor": 7})  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
        assert mended.steps["right"].outputs["output"].load() == 0
        assert mended.snapshot_of.pipeline_configuration.parameters == {"number": 2, "factor": 7}
    finally:
        del sys.modules["flow"]


def test_with_a_file_what_is_left_is_todays(flow: Flow) -> None:
    before = flow.fail("diamond", "--param", "number=4")
    flow.edit('raise ValueError("no luck")', "return 100")
    answer = flow.project.skylift("runs", "resume", "last", "flow.py:diamond")
    assert answer.code == 0, answer.err
    assert flow.ran() == ["right", "last"]
    run = flow.newest()
    assert run.steps["last"].outputs["output"].load() == 5100
    assert run.snapshot_of.pipeline_configuration.parameters == {"number": 4, "factor": 3}
    assert flow.json("runs", "describe", "last")["run"]["resumes"] == str(before.id)
    assert "runs anew" not in answer.err


EDITS = {
    "a parameter": (
        "def diamond(number: int = 2, factor: int = 3)",
        "def diamond(number: int = 2, factor: int = 3)",
        ("--param", "number=9"),
        "step 'first' runs anew: its parameter 'number' has another value than in run {run}",
        ["first", "left", "right", "last"],
    ),
    "outputs": (
        "def left(value: int) -> str:",
        "def left(value: int) -> object:",
        (),
        "step 'left' runs anew: its outputs have other names or types now",
        ["left", "right", "last"],
    ),
    "inputs": (
        "last(left(value), right(value, factor))\n\n@pipeline\n",
        "last(left(first(number, id='other')), right(value, factor))\n\n@pipeline\n",
        (),
        "step 'left' runs anew: its inputs come from other steps now",
        ["other", "left", "right", "last"],
    ),
    "a step that is gone": (
        "last(left(value), right(value, factor))\n\n@pipeline\n",
        "last(str(5), right(value, factor))\n\n@pipeline\n",
        (),
        "step 'left' is left out: it is not in the pipeline any more",
        ["right", "last"],
    ),
    "another step of that id": (
        "last(left(value), right(value, factor))\n\n@pipeline\n",
        "last(left.with_options(name='other')(value, id='left'), right(value, factor))\n\n@pipeline\n",
        (),
        "step 'left' runs anew: it is a call of step 'other' now",
        ["left", "right", "last"],
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_what_is_not_the_same_runs_anew(flow: Flow, edit: str) -> None:
    old, new, params, note, ran = EDITS[edit]
    run = flow.fail()
    flow.mend()
    flow.edit(old, new)
    answer = flow.project.skylift("runs", "resume", "last", "flow.py:diamond", *params)
    assert answer.code == 0, answer.err
    assert sorted(flow.ran()) == sorted("first" if one == "other" else one for one in ran)
    assert f"note: {note.format(run=run.id)}" in answer.err
    if edit == "a parameter":
        assert "note: what comes after a step that runs anew does so, too: left\n" in answer.err
        assert flow.newest().snapshot_of.bindings == {}


def test_a_completed_run_can_be_done_again_in_part(flow: Flow) -> None:
    flow.mend()
    assert flow.project.skylift("run", "flow.py:diamond").code == 0
    flow.forget()
    answer = flow.project.skylift("runs", "resume", "last", "flow.py:diamond", "--param", "factor=5")
    assert answer.code == 0, answer.err
    assert flow.ran() == ["right", "last"]
    assert flow.newest().steps["last"].outputs["output"].load() == 5010


def test_a_resumed_run_that_fails_is_resumed(flow: Flow) -> None:
    first = flow.fail()
    assert flow.project.skylift("runs", "resume", "last").code == 1
    second = flow.newest()
    flow.mend()
    assert flow.project.skylift("runs", "resume", "last").code == 0
    third = flow.newest()
    assert flow.ran() == ["right", "right", "last"]
    assert len({first.id, second.id, third.id}) == 3
    assert {bound.run_id for bound in third.snapshot_of.bindings.values()} == {str(first.id)}
    assert flow.json("runs", "describe", "last")["run"]["resumes"] == str(second.id)
    assert flow.json("runs", "why", "last")["why"]["resumed"] == ["first", "left"]
    # What was bound twice is still known well enough to be compared, and to run again.
    flow.edit("def left(value: int) -> str:", "def left(value: int) -> object:")
    flow.forget()
    assert flow.project.skylift("runs", "resume", "last", "flow.py:diamond").code == 0
    assert flow.ran() == ["left", "last"]


def _manifest(flow: Flow, run: PipelineRun) -> Path:
    return flow.object(keys.artifact(run.steps["left"].outputs["output"].ref.digest)) / "artifact.json"


def _data(flow: Flow, run: PipelineRun) -> Path:
    (found,) = (_manifest(flow, run).parent / "data").iterdir()
    return found


def _result(flow: Flow, run: PipelineRun) -> Path:
    return flow.object(keys.result(str(run.id), "left"))


@pytest.mark.parametrize("place", [_manifest, _data, _result])
def test_what_is_lost_is_made_anew(flow: Flow, place: Any) -> None:
    run = flow.fail()
    flow.mend()
    lost: Path = place(flow, run)
    lost.unlink()
    if place is _result:
        lost.write_text("{")
    answer = flow.project.skylift("runs", "resume", "last")
    assert answer.code == 0, answer.err
    assert sorted(flow.ran()) == ["last", "left", "right"]
    assert f"note: step 'left' runs anew: what it made for run {run.id} is damaged or gone\n" in answer.err
    assert flow.newest().steps["last"].outputs["output"].load() == 5006


def test_what_was_bound_and_is_lost_is_made_anew_with_what_follows(flow: Flow) -> None:
    run = flow.fail()
    assert flow.project.skylift("runs", "resume", "last").code == 1
    flow.forget()
    flow.mend()
    (flow.object(keys.artifact(run.steps["first"].outputs["output"].ref.digest)) / "artifact.json").unlink()
    answer = flow.project.skylift("runs", "resume", "last")
    assert answer.code == 0, answer.err
    assert flow.ran() == ["first", "left", "right", "last"]
    assert "note: what comes after a step that runs anew does so, too: left\n" in answer.err


def test_the_rest_is_looked_up_in_the_cache(flow: Flow) -> None:
    failed = flow.fail("cached")
    flow.mend()
    assert flow.project.skylift("run", "flow.py:cached").code == 0
    flow.forget()
    assert flow.project.skylift("runs", "resume", str(failed.id)).code == 0
    assert flow.ran() == []
    assert {step.status for step in flow.newest().steps.values()} == {ExecutionStatus.CACHED}


def test_a_run_whose_process_was_killed(flow: Flow) -> None:
    answer = flow.project.piped(*SKYLIFT, "run", "flow.py:killed")
    assert answer.code == -signal.SIGKILL
    flow.mend()
    again = flow.project.piped(*SKYLIFT, "runs", "resume", "last")
    assert again.code == 0, again.err
    assert flow.ran() == ["first", "dies", "dies"]


def test_a_run_that_goes_on_is_refused(flow: Flow) -> None:
    here = flow.project.fifo("here")
    flow.project.fifo("never")
    process = flow.project.start(*SKYLIFT, "run", "flow.py:waits")
    here.open().close()
    run = flow.newest()
    answer = flow.project.skylift("runs", "resume", "last")
    assert answer.code == 2
    assert answer.err == (
        f"error: run {run.id}: it is still running, and can be resumed once it has ended. "
        f"Stop it: skylift runs stop {run.id}\n"
    )
    assert flow.project.skylift("runs", "resume", "last", "flow.py:waits").err == answer.err
    os.killpg(process.pid, signal.SIGKILL)


def test_the_same_pipeline_and_its_own_parameters(flow: Flow) -> None:
    run = flow.fail()
    answer = flow.project.skylift("runs", "resume", "last", "--param", "number=3")
    assert (answer.code, answer.err) == (
        2,
        (
            "error: --param: the source that the run was made of goes with the run's own parameters. "
            "Name the file, too: skylift runs resume last FILE.py --param …\n"
        ),
    )
    answer = flow.project.skylift("runs", "resume", "last", "flow.py:cached")
    assert (answer.code, answer.err) == (
        2,
        (
            f"error: run {run.id}: it is of pipeline 'diamond', and cannot be resumed as another "
            "(got 'cached'). Run that by itself: skylift run FILE.py:cached\n"
        ),
    )
    assert flow.newest().id == run.id


def test_source_that_is_gone(flow: Flow) -> None:
    run = flow.fail()
    code = run.snapshot_of.code
    assert code is not None
    flow.object(keys.code(code.digest)).unlink()
    answer = flow.project.skylift("runs", "resume", "last")
    assert (answer.code, answer.err) == (
        1,
        (
            f"error: code {code.digest} of run {run.id}: it is missing in {flow.project.store}. "
            f"Run what is left with today's source: skylift runs resume {run.id} FILE.py\n"
        ),
    )


def test_a_run_of_a_newer_skylift(flow: Flow) -> None:
    run = flow.fail()
    path = flow.object(keys.snapshot(run.snapshot))
    from skylift_contract.canonical import digest

    newer = path.read_bytes().replace(b'"schema_major":1', b'"schema_major":2')
    name = digest(newer)
    flow.object(keys.snapshot(name)).write_bytes(newer)
    record = flow.object(keys.run(str(run.id)))
    record.write_bytes(record.read_bytes().replace(run.snapshot.encode(), name.encode()))
    answer = flow.project.skylift("runs", "resume", str(run.id))
    assert (answer.code, answer.err) == (
        1,
        (
            f"error: snapshot {name}: it was written by a newer Skylift (got 2, limit: 1). "
            "Upgrade skylift here.\n"
        ),
    )


def test_what_it_took_on_outlives_the_run_that_made_it(flow: Flow) -> None:
    before = flow.fail()
    flow.mend()
    assert flow.project.skylift("runs", "resume", "last").code == 0
    assert flow.project.skylift("runs", "delete", str(before.id), "--yes").code == 0
    age(flow.newest().ledger.store, "", 2 * GRACE)
    assert flow.project.skylift("gc", "--delete").code == 0
    run = flow.newest()
    assert len(run.steps["left"].outputs["output"].load()) == 5000
    assert run.steps["first"].outputs["output"].load() == 2
    assert flow.project.skylift("runs", "why", "last").code == 0
    # And it can be resumed itself, as of its own source.
    assert flow.project.skylift("runs", "resume", "last", "flow.py:diamond", "--param", "factor=9").code == 0


def test_a_stack_that_is_not_there(flow: Flow) -> None:
    flow.fail()
    answer = flow.project.skylift("runs", "resume", "last", "--stack", "production")
    assert (answer.code, answer.err) == (
        2,
        "error: there is no stack named 'production'. Known: default. See: skylift stack list\n",
    )


def test_it_goes_where_the_run_was_unless_another_place_is_named(flow: Flow) -> None:
    """The store is the one that the run is in, whatever the stack's own."""
    project = flow.project
    project.write("skylift.toml", "")
    here = f"file://{project.folder.parent}/other"
    assert (
        project.skylift("orchestrator", "register", "pair", "--flavor=local", "--max_parallelism=2").code == 0
    )
    assert project.skylift("stack", "register", "pairs", "-o", "pair", "-a", "default").code == 0
    run = flow.fail("diamond", "--stack", "pairs")
    assert project.skylift("runs", "resume", "last").code == 1
    request = flow.newest().ledger.request(str(flow.newest().submission_id))
    assert request is not None
    assert (request.stack, request.orchestrator, request.git_commit) == ("pairs", "pair", None)
    flow.mend()
    answer = project.skylift("runs", "resume", str(run.id), "--stack", "default")
    assert answer.code == 0, answer.err
    request = flow.newest().ledger.request(str(flow.newest().submission_id))
    assert request is not None
    assert (request.stack, request.orchestrator) == ("default", "default")
    answer = project.skylift("runs", "resume", str(run.id), "--store", here)
    assert (answer.code, answer.err) == (
        2,
        f"error: {here}: there is no run '{run.id}'. See: skylift runs list\n",
    )


@pytest.mark.parametrize("file", [(), ("flow.py:diamond",)])
def test_it_answers_with_what_describe_says_of_the_new_run(flow: Flow, file: tuple[str, ...]) -> None:
    before = flow.fail()
    flow.edit('note("right")', 'note("right"); print("printed")')
    resume = ("runs", "resume", str(before.id), *file, "--output", "json")
    failed = flow.project.skylift(*resume)
    assert failed.code == 1
    run = json.loads(failed.out)["run"]
    assert (run["status"], run["resumes"]) == ("failed", str(before.id))
    assert run["reason"].endswith("ValueError: no luck")
    assert run["id"] == str(flow.newest().id) != str(before.id)

    flow.mend()
    answer = flow.project.skylift(*resume)
    assert answer.code == 0, answer.err
    assert json.loads(answer.out) == flow.json("runs", "describe", "last")
    assert {one["step"]: one["cached"] for one in json.loads(answer.out)["run"]["steps"]} == {
        "first": True,
        "left": True,
        "right": False,
        "last": False,
    }
    assert "right: completed in" in answer.err
    assert ("printed\n" in answer.err) == bool(file)


def test_a_run_with_nothing_left_answers_with_itself(flow: Flow) -> None:
    flow.mend()
    assert flow.project.skylift("run", "flow.py:diamond").code == 0
    answer = flow.project.skylift("runs", "resume", "last", "--output", "json")
    assert answer.code == 0
    assert json.loads(answer.out) == flow.json("runs", "describe", "last")
    assert json.loads(answer.out)["run"]["resumes"] is None
    assert answer.err.endswith("has completed: there is nothing to resume\n")


def test_no_wait_needs_a_backend(flow: Flow) -> None:
    flow.fail()
    answer = flow.project.skylift("runs", "resume", "last", "--no-wait")
    assert answer.err == (
        "error: --no-wait: orchestrator 'default' runs in this process, which has to stay for it. Leave it out.\n"
    )


def test_words_that_a_shell_offers(flow: Flow) -> None:
    from click.shell_completion import ShellComplete

    from skylift.cli.app import skylift

    run = flow.fail()
    shell = ShellComplete(skylift, {}, "skylift", "_SKYLIFT_COMPLETE")
    offered = [item.value for item in shell.get_completions(["runs", "resume"], "")]
    assert offered == ["last", str(run.id)]
    file = str(flow.project.folder / "flow.py")
    offered = [item.value for item in shell.get_completions(["runs", "resume", "last"], f"{file}:d")]
    assert offered == [f"{file}:diamond"]
