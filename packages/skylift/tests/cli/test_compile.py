"""`skylift compile`: the same bytes anywhere, nothing asked of anybody, and nobody's file replaced."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from skylift_tests_support import folder_scheduler
from skylift_tests_support.commands import SKYLIFT
from skylift_tests_support.folder_scheduler import FolderOrchestrator, make_scheduling

from skylift.compiled_files import LIST
from skylift_contract.compiled import CompiledPipeline
from skylift_contract.snapshot import read_snapshot

if TYPE_CHECKING:
    from skylift_tests_support.commands import Project
    from skylift_tests_support.folder_scheduler import Scheduler

SUPPORT = str(Path(folder_scheduler.__file__).parent.parent)
COMPILE = ("compile", "flow.py:daily", "-o", "out")


@pytest.fixture
def clock(project: Project) -> Scheduler:
    return make_scheduling(project)


def written(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_writes_the_snapshot_and_the_flavors_documents(project: Project, clock: Scheduler) -> None:
    answer = project.skylift(*COMPILE, "--param", "by=7", "--output", "json")
    assert (answer.code, answer.err) == (0, "")
    found, files = json.loads(answer.out), written(project.folder / "out")
    assert set(files) == {"snapshot.json", "pipeline.json", LIST}
    digest = hashlib.sha256(files["snapshot.json"]).hexdigest()
    snapshot = read_snapshot(files["snapshot.json"], digest)
    assert snapshot.pipeline_configuration.parameters == {"by": 7}
    document = json.loads(files["pipeline.json"])
    assert [job["name"] for job in document["jobs"]] == ["load", "more"]
    assert digest in document["jobs"][0]["arguments"]
    assert found == {
        "version": 1,
        "pipeline": "daily",
        "flavor": "folder",
        "snapshot": digest,
        "folder": "out",
        "files": [
            {
                "path": name,
                "bytes": len(files[name]),
                "sha256": hashlib.sha256(files[name]).hexdigest(),
                "change": "new",
            }
            for name in ("pipeline.json", "snapshot.json")
        ],
        "removed": [],
        "summary": {"jobs": 2},
        "notes": [],
    }
    assert not Path(project.store.removeprefix("file://")).exists()
    assert not clock.folder.exists()


def test_the_text_says_what_was_written(project: Project, clock: Scheduler) -> None:
    first = project.skylift(*COMPILE).out.splitlines()
    assert [line.split()[:2] for line in first[:3]] == [
        ["FILE", "CHANGE"],
        ["out/pipeline.json", "new"],
        ["out/snapshot.json", "new"],
    ]
    assert first[3:] == ["jobs: 2"]
    again = project.skylift(*COMPILE, "--param", "by=2").out.splitlines()
    assert [line.split()[:2] for line in again[1:3]] == [
        ["out/pipeline.json", "changed"],
        ["out/snapshot.json", "changed"],
    ]


def test_local_has_no_document_and_says_so(project: Project) -> None:
    project.write("flow.py", folder_scheduler.DAILY)
    answer = project.skylift("compile", "flow.py:plain", "-o", "out")
    assert answer.code == 0
    assert answer.err == "note: local has no document of its own: it runs the snapshot\n"
    assert set(written(project.folder / "out")) == {"snapshot.json", LIST}


def _elsewhere(project: Project, folder: str, file: str, out: Path, seed: str, when: str) -> dict[str, bytes]:
    """Compile in a process of its own, with another hash seed, clock and current folder."""
    (project.folder / folder).mkdir(exist_ok=True)
    environment = {**project.environment, "PYTHONHASHSEED": seed, "TZ": when, "PYTHONPATH": SUPPORT}
    argv = [*SKYLIFT, "compile", f"{file}:daily", "-o", str(out)]
    subprocess.run(argv, cwd=project.folder / folder, env=environment, check=True, capture_output=True)
    return written(out)


def test_the_same_bytes_in_another_folder_process_and_zone(
    project: Project, clock: Scheduler, tmp_path: Path
) -> None:
    absolute = str(project.folder / "flow.py")
    found = [
        _elsewhere(project, ".", "flow.py", tmp_path / "1", "1", "UTC"),
        _elsewhere(project, "sub", "../flow.py", tmp_path / "2", "2", "Asia/Tokyo"),
        _elsewhere(project, "sub", absolute, project.folder / "sub" / "compiled", "3", "America/Lima"),
        _elsewhere(project, ".", "flow.py", tmp_path / "4", "4", "UTC"),  # with a compiled folder beside it
    ]
    assert found[0] == found[1] == found[2] == found[3]


def test_the_snapshot_is_the_one_that_is_run(project: Project) -> None:
    project.write("flow.py", folder_scheduler.DAILY)
    snapshot = json.loads(project.skylift("compile", "flow.py:plain", "-o", "out", "--output", "json").out)[
        "snapshot"
    ]
    assert project.skylift("run", "flow.py:plain").code == 0
    (run,) = json.loads(project.skylift("runs", "list", "--output", "json").out)["runs"]
    assert run["snapshot"] == snapshot


def test_it_refuses_what_run_refuses_before_anything_is_written(project: Project) -> None:
    project.write(
        "flow.py", folder_scheduler.DAILY.replace("@step\ndef load", "@step(secrets=['x'])\ndef load")
    )
    refused = project.skylift("compile", "flow.py:plain", "-o", "out")
    assert refused.code == 2
    assert refused.out == ""
    assert refused.err == project.skylift("run", "flow.py:plain").err
    assert not (project.folder / "out").exists()


def test_no_secret_is_looked_up(project: Project, clock: Scheduler, monkeypatch: pytest.MonkeyPatch) -> None:
    line = ["artifact-store", "register", "bucket", "--uri=s3://ml/x", "--secret_access_key=${env:NOT_SET}"]
    assert project.skylift(*line).code == 0
    assert project.skylift("stack", "register", "far", "-o", "clock", "-a", "bucket").code == 0
    assert project.skylift("run", "flow.py:plain", "--stack", "far").code == 2
    answer = project.skylift(*COMPILE, "--stack", "far")
    assert answer.code == 0, answer.err
    assert b"omitted" not in b"".join(written(project.folder / "out").values())


def test_a_secret_in_a_document_is_refused(
    project: Project, clock: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVICE_TOKEN", "a-token-of-mine-73")

    def compiled(*_: Any) -> CompiledPipeline:
        return CompiledPipeline({"job.json": b'{"token": "a-token-of-mine-73"}'}, {})

    monkeypatch.setattr(FolderOrchestrator, "compile_pipeline", compiled)
    answer = project.skylift(*COMPILE)
    assert (answer.code, answer.out) == (2, "")
    assert "the value of environment variable 'SERVICE_TOKEN' stands in job.json, token" in answer.err
    assert not (project.folder / "out").exists()


def test_a_file_that_was_not_compiled_is_never_replaced(project: Project, clock: Scheduler) -> None:
    out = project.folder / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    (out / "pipeline.json").write_text("mine, too")
    before = written(out)
    answer = project.skylift(*COMPILE)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        "error: out/pipeline.json: it is there already, and was not compiled. "
        "Move it away, or name another folder with -o.\n"
    )
    assert written(out) == before
    (out / "pipeline.json").unlink()
    assert project.skylift(*COMPILE).code == 0
    assert written(out)["notes.txt"] == b"mine"


def test_a_document_that_was_changed_by_hand_is_kept(project: Project, clock: Scheduler) -> None:
    assert project.skylift(*COMPILE).code == 0
    document = project.folder / "out" / "pipeline.json"
    document.write_text("{}")
    answer = project.skylift(*COMPILE)
    assert answer.code == 2
    assert answer.err.startswith("error: out/pipeline.json: it was changed since it was compiled.")
    assert document.read_text() == "{}"


def test_a_file_where_the_folder_should_be(project: Project, clock: Scheduler) -> None:
    project.write("out", "mine")
    answer = project.skylift(*COMPILE)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: out: it is a file, where a folder is needed.")
    assert (project.folder / "out").read_text() == "mine"


def test_a_link_is_not_written_through(project: Project, clock: Scheduler, tmp_path: Path) -> None:
    (project.folder / "out").mkdir()
    (tmp_path / "target").write_text("mine")
    (project.folder / "out" / "snapshot.json").symlink_to(tmp_path / "target")
    answer = project.skylift(*COMPILE)
    assert answer.code == 2
    assert "it is a link, and leads out of what is ours" in answer.err
    assert (tmp_path / "target").read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("../escaped", "it named a document '../escaped'"),
        ("/escaped", "it named a document '/escaped'"),
        ("snapshot.json", "it named a document 'snapshot.json'"),
        ("./snapshot.json", "it named a document './snapshot.json'"),
    ],
)
def test_a_document_that_would_land_elsewhere_is_the_plugins_fault(
    project: Project, clock: Scheduler, monkeypatch: pytest.MonkeyPatch, name: str, sentence: str
) -> None:
    def compiled(*_: Any) -> CompiledPipeline:
        return CompiledPipeline({name: b"x"}, {})

    monkeypatch.setattr(FolderOrchestrator, "compile_pipeline", compiled)
    answer = project.skylift(*COMPILE)
    assert (answer.code, answer.out) == (1, "")
    assert "FolderOrchestrator.compile_pipeline of flavor 'folder' of" in answer.err
    assert sentence in answer.err
    assert not (project.folder / "out").exists()
    assert not (project.folder / "escaped").exists()
