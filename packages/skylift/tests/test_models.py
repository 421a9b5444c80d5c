"""A run as people hold it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from skylift import pipeline, step
from skylift.models import PipelineRun
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import StoreUnavailable

if TYPE_CHECKING:
    from skylift_contract.status import RunStatus


@step
def load() -> int:
    return 1


@step
def make() -> Path:
    folder = Path(os.environ["MADE"])
    (folder / "empty" / "deeper").mkdir(parents=True)
    script = folder / "bin" / "go"
    script.parent.mkdir()
    script.write_text("#!/bin/sh")
    script.chmod(0o755)
    (folder / "data").write_text("1")
    return folder


@pipeline
def short() -> None:
    load()


@pipeline
def folders() -> None:
    make()


@pytest.fixture(autouse=True)
def store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYLIFT_STORE_URI", f"memory://{uuid4().hex}")


def test_a_run_shows_itself_in_a_line() -> None:
    run = short()
    assert repr(run) == str(run) == f"<PipelineRun {run.id} of pipeline 'short': completed>"


def test_a_run_whose_store_is_gone_shows_itself_too(monkeypatch: pytest.MonkeyPatch) -> None:
    run = short()

    def fail(_: PipelineRun) -> RunStatus:
        raise StoreUnavailable("it cannot be reached", who="store s3://b")

    monkeypatch.setattr(PipelineRun, "fetch", fail)
    assert repr(run).endswith("'short': unknown: store s3://b: it cannot be reached.>")


def test_a_step_and_an_output_that_are_not_there() -> None:
    run = short()
    with pytest.raises(KeyError) as of_steps:
        run.steps["laod"]
    assert str(of_steps.value) == (
        f"run {run.id}: there is no step named 'laod'. Did you mean 'load'? There are: load."
    )
    with pytest.raises(KeyError) as of_outputs:
        run.steps["load"].outputs["zz"]
    assert str(of_outputs.value) == (
        f"run {run.id}, step 'load': there is no output named 'zz'. Known: output."
    )


def test_a_download_is_the_folder_that_was_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MADE", str(tmp_path / "made"))
    run = folders()
    assert run.status is ExecutionStatus.COMPLETED
    paths = run.steps["make"].outputs["output"].download(tmp_path / "copy")

    copy = tmp_path / "copy" / "made"
    assert sorted(paths) == [copy / "bin" / "go", copy / "data"]
    assert (copy / "empty" / "deeper").is_dir()
    assert os.access(copy / "bin" / "go", os.X_OK)
    assert not (copy / "data").stat().st_mode & 0o111
