"""`skylift artifact list` and `download`: what was made, and how it comes back."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from skylift_tests_support.stored_files import objects_of

from skylift.client import Client

if TYPE_CHECKING:
    from pathlib import Path

    from skylift_tests_support.commands import Project

    from skylift.models import ArtifactView

FLOW = """
from pathlib import Path
from typing import Annotated
from skylift import pipeline, step

class Odd:
    def __reduce__(self):
        return print, ("unpickled",)

@step
def load() -> tuple[Annotated[list[int], "rows"], Annotated[str, "name"]]:
    return [1, 2], "ü"

@step
def folder() -> Path:
    made = Path("model").absolute()
    (made / "empty").mkdir(parents=True, exist_ok=True)
    (made / "weights.bin").write_bytes(b"\\x00\\x01" * 2000)
    (made / "start.sh").write_text("echo")
    (made / "start.sh").chmod(0o755)
    return made

@step
def odd() -> Odd:
    return Odd()

@step
def nothing() -> None:
    pass

@step
def breaks() -> int:
    raise ValueError("no")

@pipeline
def good() -> None:
    load()
    folder()
    odd()
    nothing()

@pipeline
def bad() -> None:
    load()
    breaks()
"""


@pytest.fixture(autouse=True)
def flow(project: Project) -> None:
    project.write("flow.py", FLOW)


def ran(project: Project, pipeline: str = "good") -> str:
    project.skylift("run", f"flow.py:{pipeline}")
    return str(Client(project.store).run("last").id)


def listed(project: Project, *argv: str) -> list[dict[str, Any]]:
    answer = project.skylift("artifact", "list", *argv, "--output", "json")
    assert (answer.code, answer.err) == (0, "")
    found = json.loads(answer.out)
    assert (found["version"], found["damaged"]) == (1, [])
    return found["artifacts"]


def view(project: Project, step: str, output: str) -> ArtifactView:
    return Client(project.store).run("last").steps[step].outputs[output]


def test_the_list_of_one_run(project: Project) -> None:
    run = ran(project)
    found = listed(project, "last", "--step", "load")
    ref = view(project, "load", "rows").ref
    assert found[1] == {
        "run": run,
        "pipeline": "good",
        "step": "load",
        "output": "rows",
        "type": "builtins:list",
        "materializer": ref.materializer,
        "bytes": ref.size,
        "digest": ref.digest,
        "uri": view(project, "load", "rows").uri,
    }
    assert [made["output"] for made in found] == ["name", "rows"]
    lines = project.skylift("artifact", "list", run).out.splitlines()
    assert lines[0].split() == ["RUN", "STEP", "OUTPUT", "TYPE", "BYTES", "MATERIALIZER"]
    assert lines[2].split() == [run, "load", "rows", "list", str(ref.size), ref.materializer]


def test_the_list_of_the_newest_runs(project: Project) -> None:
    first, second = ran(project), ran(project, "bad")
    assert {made["run"] for made in listed(project)} == {first, second}
    assert {made["run"] for made in listed(project, "--limit", "1")} == {second}
    assert {made["run"] for made in listed(project, "--pipeline", "good")} == {first}
    assert listed(project, "--step", "none") == []


def test_an_empty_list_says_so_on_stderr(project: Project) -> None:
    answer = project.skylift("artifact", "list")
    sentence = f"there are no such artifacts in {project.store}\n"
    assert (answer.code, answer.out, answer.err) == (0, "", sentence)


def test_data_comes_as_the_file_that_holds_it(project: Project) -> None:
    ran(project)
    answer = project.skylift("artifact", "download", "last", "load:rows")
    assert (answer.code, answer.out, answer.err) == (0, "load.rows.json\n", "")
    assert json.loads((project.folder / "load.rows.json").read_bytes()) == [1, 2]

    project.skylift("artifact", "download", "last", "load:name", "-o", "deep/name.txt")
    assert (project.folder / "deep/name.txt").read_text() == "ü"


def test_a_folder_comes_back_as_it_was(project: Project) -> None:
    ran(project)
    answer = project.skylift("artifact", "download", "last", "folder", "-o", "copy")
    assert (answer.code, answer.out) == (0, "copy\n")
    copy = project.folder / "copy"
    assert sorted(str(path.relative_to(copy)) for path in copy.rglob("*")) == [
        "empty",
        "start.sh",
        "weights.bin",
    ]
    assert (copy / "weights.bin").read_bytes() == b"\x00\x01" * 2000
    assert os.access(copy / "start.sh", os.X_OK)
    (project.folder / "into").mkdir()
    assert project.skylift("artifact", "download", "last", "folder", "-o", "into").out == "into/model\n"


def test_by_its_digest(project: Project) -> None:
    ran(project)
    digest = view(project, "load", "rows").ref.digest
    answer = project.skylift("artifact", "download", digest)
    assert (answer.code, answer.out) == (0, f"{digest[:12]}.json\n")
    answer = project.skylift("artifact", "download", "0" * 64)
    sentence = f"error: artifact {'0' * 64}: it is not in the store. See: skylift artifact list\n"
    assert (answer.code, answer.out, answer.err) == (2, "", sentence)


def test_a_pickle_stays_a_file(project: Project) -> None:
    ran(project)
    answer = project.skylift("artifact", "download", "last", "odd", "-o", "odd.pickle")
    assert (answer.code, answer.out, answer.err) == (0, "odd.pickle\n", "")
    assert b"unpickled" in (project.folder / "odd.pickle").read_bytes()


def test_what_is_there_is_replaced_only_when_asked(project: Project) -> None:
    ran(project)
    project.write("there.json", "mine")
    download = ("artifact", "download", "last", "load:rows", "-o", "there.json")
    answer = project.skylift(*download)
    sentence = "error: there.json: it is there already. Give another with -o PATH, or --force.\n"
    assert (answer.code, answer.out, answer.err) == (2, "", sentence)
    assert (project.folder / "there.json").read_text() == "mine"
    assert project.skylift(*download, "--force").code == 0
    assert json.loads((project.folder / "there.json").read_bytes()) == [1, 2]


def test_force_never_removes_other_files_of_a_folder(project: Project) -> None:
    ran(project)
    (project.folder / "into/model").mkdir(parents=True)
    project.write("into/model/mine", "mine")
    assert project.skylift("artifact", "download", "last", "folder", "-o", "into", "--force").code == 0
    assert (project.folder / "into/model/mine").read_text() == "mine"
    assert (project.folder / "into/model/start.sh").exists()


def test_damaged_data_is_the_stores_own_sentence_and_leaves_nothing(project: Project) -> None:
    run = ran(project)
    (stored,) = [path for path in objects_of(project.store, "artifacts") if path.name == "weights.bin"]
    stored.write_bytes(b"other")
    before = names(project.folder)
    answer = project.skylift("artifact", "download", "last", "folder", "-o", "copy")
    assert (answer.code, answer.out) == (1, "")
    who = f"error: run {run}, step 'folder', output 'output', object artifacts/"
    assert answer.err.startswith(who)
    assert "its bytes have changed since they were written. Restore the object, or delete" in answer.err
    assert names(project.folder) == before


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_damaged_record_hides_no_other_run(project: Project) -> None:
    first = ran(project)
    second = ran(project, "bad")
    for path in objects_of(project.store, f"runs/{second}/steps"):
        if path.name == "result.json":
            path.write_text("{")
    for path in objects_of(project.store, "snapshots"):
        if path.stem == Client(project.store).run(second).snapshot:
            path.write_text("{")
    answer = project.skylift("artifact", "list")
    assert answer.code == 0
    assert first in answer.out
    assert second not in answer.out
    assert answer.err.startswith("damaged: snapshot ")


@pytest.mark.parametrize(
    ("pipeline", "step", "sentence"),
    [
        ("good", "lod", r"there is no step named 'lod'. Did you mean 'load'? There are: "),
        ("good", "load:rws", r"there is no output named 'rws'. Did you mean 'rows'? There are: name, rows."),
        ("good", "load", "it has 2 outputs: name, rows. Name one: load:name"),
        ("good", "nothing", "it returns nothing. See: skylift artifact list"),
        ("bad", "breaks", "it has no outputs, for it is failed: ValueError: no. See: skylift artifact list"),
    ],
)
def test_what_is_not_there(project: Project, pipeline: str, step: str, sentence: str) -> None:
    ran(project, pipeline)
    answer = project.skylift("artifact", "download", "last", step)
    assert (answer.code, answer.out) == (2, "")
    assert sentence in answer.err
    assert answer.err.count("\n") == 1


def test_of_a_run_a_step_has_to_be_named(project: Project) -> None:
    ran(project)
    answer = project.skylift("artifact", "download", "last")
    sentence = "error: run 'last': of a run, a step has to be named. Give RUN STEP[:OUTPUT].\n"
    assert (answer.code, answer.out, answer.err) == (2, "", sentence)
