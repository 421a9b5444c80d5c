"""What a cloud's flavor is for, from one end to the other: people's commands, and what they come to."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from runpy import run_path
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from skylift.cli import main
from skylift.client import Client
from skylift_contract.enums import ExecutionStatus as Status
from skylift_tests_support import index
from skylift_tests_support.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    import pytest

    from skylift.models import PipelineRun

EXAMPLE: Final = Path(__file__).parents[5] / "examples" / "digits"
PATIENCE_S: Final = 50
FLOW: Final = """
import os
from skylift import ResourceSettings, Schedule, pipeline, step


@step
def load() -> list[int]:
    return [1, 2, 39]


@step
def total(values: list[int]) -> int:
    return sum(values)


@step(settings={"resources": ResourceSettings(memory="2GB")})
def dies(values: list[int]) -> None:
    os.kill(os.getpid(), 9)


@pipeline
def dying() -> None:
    dies(load())


@pipeline
def sums() -> None:
    total(load())


@pipeline(dynamic=True)
def found() -> None:
    total(load().load())


@pipeline(schedule=Schedule(cron_expression="0 2 * * *"))
def nightly() -> None:
    total(load())
"""


def skylift(folder: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Call a command in a process of its own."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("skylift")), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


def registered(folder: Path, monkeypatch: pytest.MonkeyPatch, flavor: str, store: str, *options: str) -> Path:
    """A copy of the example with a second file of pipelines, and the stack `cloud` as people register it."""
    project = folder / "project"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("__pycache__"))
    (project / "flow.py").write_text(FLOW)
    monkeypatch.chdir(project)
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
    for line in (
        ["orchestrator", "register", flavor, f"--flavor={flavor}", *options],
        ["artifact-store", "register", "bucket", f"--uri={store}"],
        ["stack", "register", "cloud", "-o", flavor, "-a", "bucket"],
        ["stack", "set", "cloud"],
    ):
        assert main(line) == 0
    return project


@contextmanager
def served(monkeypatch: pytest.MonkeyPatch, module: str, *arguments: str) -> Generator[None]:
    """An emulator that somebody started; this process knows its variables, and no more."""
    argv = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            for line in takewhile(lambda line: line != "\n", process.stdout):
                monkeypatch.setenv(*line.removeprefix("export ").rstrip("\n").split("=", 1))
            yield
        finally:
            process.terminate()


def only_run(store: str) -> PipelineRun:
    (run,) = Client(store).runs()
    return run


class Turned(Protocol):
    """An emulator whose clock can be turned."""

    def executions(self) -> Sequence[str]: ...
    def turn_clock(self, to: datetime) -> None: ...


def check_two_firings(emulator: Turned, store: str) -> None:
    """Of `nightly`, which is deployed: nothing starts at once, and two nights are two runs."""
    assert list(emulator.executions()) == []
    midnight = (datetime.now(UTC) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    emulator.turn_clock(midnight)  # past two o'clock of today, where that was yet to come
    before = list(emulator.executions())
    emulator.turn_clock(midnight + timedelta(days=2))
    new = [one for one in emulator.executions() if one not in before]
    assert len(new) == 2
    fired = {run.orchestrator_run_id: run for run in Client(store).runs()}
    runs = [fired[one] for one in new]
    assert len({run.id for run in runs}) == 2
    assert [run.status for run in runs] == [Status.COMPLETED] * 2
    assert [run.steps["total"].outputs["output"].load() for run in runs] == [42, 42]


def check_digits(run: PipelineRun, flavor: str) -> None:
    """What its own functions come to in this process: the same data, and a model that predicts the same."""
    assert (run.status, run.flavor) == (Status.COMPLETED, flavor)
    assert run.steps["draw"].outputs["confusion"].load().read_bytes().startswith(b"\x89PNG")
    example = run_path(str(EXAMPLE / "pipeline.py"))
    images, labels = example["load"].entrypoint()
    parts = example["split"].entrypoint(images, labels, 0.25, 0)
    for name, part in zip(("train_images", "test_images", "train_labels", "test_labels"), parts, strict=True):
        assert np.array_equal(run.steps["split"].outputs[name].load(), part)
    model = example["train_forest"].entrypoint(parts[0], parts[2], 10, 0)
    made = run.steps["train_forest"].outputs["model"].load()
    assert np.array_equal(made.predict(images), model.predict(images))
    scores = run.steps["choose"].outputs["scores"].load()
    assert scores["RandomForestClassifier"] == model.score(parts[1], parts[3])


INSTALLS: Final = """
from skylift import pipeline, step
from skylift.config import DockerSettings


@step(settings={"docker": DockerSettings(requirements=["own-top"], environment={"LEVEL": "3"})})
def value() -> list[str]:
    import os
    import own_top

    return [str(own_top.VALUE), os.environ["LEVEL"], own_top.__file__]


@step
def without() -> bool:
    import importlib.util

    return importlib.util.find_spec("own_top") is None


@pipeline
def installs() -> None:
    value()
    without()


@pipeline(dynamic=True, settings={"docker": DockerSettings(requirements=["own-top"])})
def decides() -> None:
    import own_top

    assert own_top.VALUE == 7
    value.with_options(runtime="isolated")()
"""


def check_installs(project: Path, flavor: str, store: str) -> None:
    """Steps that ask for a package that is not here find it, and others do not."""
    wheels = project / "wheels"
    wheels.mkdir()
    # Ours are here: these two only have to be in the index, and hold nothing that would be in their way.
    make_wheel(wheels, "skylift", "0.1.0", module="placeholder_a")
    make_wheel(wheels, f"skylift-{flavor}", "0.1.0", module="placeholder_b")
    make_wheel(wheels, "own-top", "3.0")
    (project / "needs.py").write_text(INSTALLS)
    with index.served(wheels) as url:
        skylift(project, "orchestrator", "update", flavor, f"--index={url}")
        for name in ("installs", "decides"):
            skylift(project, "run", f"needs.py:{name}", "--no-cache")
            run = next(run for run in Client(store).runs() if run.pipeline == name)
            number, level, place = run.steps["value"].outputs["output"].load()
            assert (number, level) == ("7", "3")
            assert "skylift-environment-" in place
            if name == "installs":
                assert run.steps["without"].outputs["output"].load() is True


def check_a_kill(project: Path, reason: str) -> None:
    """Of a step that is killed `why` has the backend's words, and what to do; again, once the run is closed."""
    skylift(project, "run", "flow.py:dying", "--no-cache", code=1)
    for _ in range(2):
        told = skylift(project, "runs", "why", "last").stdout.splitlines()
        assert [line for line in told if line.startswith("step 'dies' failed")] == [
            f"step 'dies' failed: {reason}"
        ]
        assert (
            '  if its memory ran out, give it more with @step(settings={"resources": '
            'ResourceSettings(memory="…")}): it asks for 2GB.'
        ) in told


def check_places(project: Path) -> dict[str, Any]:
    """A run that has ended is described with its pages, and with those of its steps; its JSON."""
    skylift(project, "run", "flow.py:sums", "--no-cache")
    found: dict[str, Any] = json.loads(
        skylift(project, "runs", "describe", "last", "--output", "json").stdout
    )["run"]
    lines = skylift(project, "runs", "describe", "last").stdout.splitlines()
    assert f"backend     {found['orchestrator_run_id']}" in lines
    assert f"console     {found['links']['backend']}" in lines
    for step in found["steps"]:
        assert f"{step['step']:<5}  {step['links']['backend']}" in lines
    return found


WAITS: Final = """
from time import sleep

from skylift import pipeline, step


@step
def waits() -> int:
    while True:
        sleep(1)


@step
def after(value: int) -> None: ...


@pipeline
def waiting() -> None:
    after(waits())
"""


def _waiting(project: Path) -> subprocess.Popen[str]:
    """`skylift run … --emulate` of a step that does not end, once that has begun."""
    (project / "waits.py").write_text(WAITS)
    argv = [str(Path(sys.executable).with_name("skylift")), "run", "waits.py", "--emulate", "--no-cache"]
    process = subprocess.Popen(argv, cwd=project, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    told = list(takewhile(lambda line: line != "waits: running\n", process.stderr))
    assert process.poll() is None, told
    return process


def check_emulated_runs_are_known(project: Path, store: str) -> None:
    """By processes that have no emulator: nobody asks a cloud, also when the one that had it is gone."""
    with _waiting(project) as process:
        assert only_run(store).fetch().status is Status.RUNNING
        skylift(project, "runs", "stop", "last", "--store", store)
        assert process.wait(PATIENCE_S) == 130
    assert only_run(store).status is Status.STOPPED
    skylift(project, "runs", "delete", "last", "--store", store, "--yes")
    with _waiting(project) as process:
        process.kill()
    told = skylift(project, "runs", "why", "last", "--store", store).stdout
    assert "step 'waits' failed: the process that emulated its backend is gone" in told
    assert "memory" not in told
    assert "runs resume" not in told
    refused = skylift(project, "runs", "resume", "last", "--store", store, code=2).stderr
    assert "its backend was emulated by the command that ran it, and is gone with that" in refused
    assert only_run(store).status is Status.FAILED
    assert only_run(store).steps["after"].status is Status.SKIPPED
    skylift(project, "runs", "delete", "last", "--store", store, "--yes")
