"""What is checked before a local run, and what the steps of one see of the source."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from skylift import Client, pipeline, step
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    uri = f"file://{tmp_path}/store"
    monkeypatch.setenv("SKYLIFT_STORE_URI", uri)
    return uri


@step(settings={"orchestrator.local": {"max_parallelism": 4}})
def wide() -> None: ...


@pipeline(settings={"orchestrator.local": {"max_parallelism": 2}})
def two_at_once() -> None:
    wide()


def test_how_many_run_at_once_is_not_a_steps_to_say(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationError,
        match=r"^step 'wide', settings\['orchestrator\.local'\], max_parallelism: how many steps run at once "
        r"is a setting of the pipeline \(got 4\)\. Set it on the @pipeline\.$",
    ):
        two_at_once()
    assert not (tmp_path / "store").exists()


READS = """
from pathlib import Path
from skylift import pipeline, step

@step
def reads() -> str:
    return (Path(__file__).parent / "conf" / "x.yaml").read_text()

@pipeline(settings={"orchestrator.local": {"max_parallelism": 2}})
def reading() -> None:
    reads()

if __name__ == "__main__":
    reading()
"""


def run_script(folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "conf").mkdir(parents=True)
    (folder / "conf" / "x.yaml").write_text("a: 1")
    (folder / "job.py").write_text(READS)
    return subprocess.run([sys.executable, "job.py"], cwd=folder, capture_output=True, text=True, check=False)


def test_a_file_of_a_project_is_there_in_a_worker(store: str, tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "skylift.toml").touch()
    ended = run_script(tmp_path / "project")
    assert ended.returncode == 0, ended.stderr
    assert Client(store).run("last").steps["reads"].outputs["output"].load() == "a: 1"


def test_without_a_project_the_step_says_which_file_was_not_sent(store: str, tmp_path: Path) -> None:
    """And names paths as they are in the user's folder, in its record and in what is printed."""
    ended = run_script(tmp_path / "folder")
    ((_, reason, info),) = Client(store).run("last").failures()

    assert reason == (
        "FileNotFoundError: [Errno 2] No such file or directory: 'conf/x.yaml' (it was not sent along with "
        "the source: of a script outside a project only Python files are, so put a skylift.toml beside it; "
        "in a project, what git or .skyliftignore ignores stays behind)"
    )
    assert info is not None
    assert info.traceback.splitlines()[1].strip() == 'File "job.py", line 7, in reads'
    assert 'File "job.py", line 7, in reads' in ended.stdout
    assert "skylift-code-" not in info.traceback + ended.stdout + ended.stderr
