"""Whatever is typed wrong, after any command: one sentence with a fix, and nothing else anywhere."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from typing import TYPE_CHECKING, Final

import pytest
from skylift_tests_support.command_tree import commands
from skylift_tests_support.commands import SKYLIFT, Answer, Project, make_project
from skylift_tests_support.wrong_inputs import NEEDS_THE_RECORD, READS_NO_TOML, SOUND, VARIABLES, WRONG

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

COMMANDS: Final = commands()

FLOW: Final = """
from skylift import Schedule, pipeline, step

@step
def one(depth: int) -> int:
    return depth

@pipeline
def flow(depth: int = 1) -> None:
    one(depth)

@pipeline(schedule=Schedule(cron_expression="0 2 * * *"))
def daily(depth: int = 1) -> None:
    one(depth)
"""

OWN: Final = """
from skylift.local.flavor import LocalOrchestratorFlavor

class Flavor(LocalOrchestratorFlavor):
    name = "own"
"""

TOML: Final = """
[project]
name = "ours"
[orchestrator.workers]
flavor = "local"
[artifact_store.bucket]
uri = "s3://b"
[container_registry.hub]
uri = "docker.io/us"
[stack.mine]
orchestrator = "workers"
artifact_store = "bucket"
"""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the project and the store of the first test are kept, for all others to begin with."""
    return tmp_path_factory.mktemp("template")


@pytest.fixture
def ran(
    tmp_path: Path, template: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Generator[Project]:
    """A project whose pipeline ran once."""
    for project in make_project(tmp_path, monkeypatch, capsys):
        if not (template / "store").exists():
            project.write("skylift.toml", TOML)
            project.write("flow.py", FLOW)
            project.write("own.py", OWN)
            project.write("steps.yaml", "steps:\n  oen: {timeout: 3}\n")
            project.write("options.yaml", "steps:\n  one: {timeot: 3}\n")
            assert project.skylift("run", "flow.py:flow").code == 0
            for name in ("project", "store"):
                shutil.copytree(tmp_path / name, template / name)
        for name in ("project", "store"):
            shutil.copytree(template / name, tmp_path / name, dirs_exist_ok=True)
        yield project


def check(answer: Answer, says: str) -> None:
    """One sentence, and the fix after it; of JSON, stdout may have a whole document."""
    assert answer.code not in {0, 70}, answer
    if answer.out:
        json.loads(answer.out)
    *before, sentence = answer.err.splitlines()
    assert re.fullmatch(r"error: .*\S[.?!] \S.*", sentence), answer.err
    assert says in sentence
    assert not [line for line in before if line.startswith(("error", "Traceback"))], answer.err


def rows() -> list[tuple[str, str]]:
    return [(f"{path} {line}".strip(), says) for path, lines in WRONG.items() for line, says in lines.items()]


def test_each_command_has_its_row() -> None:
    assert COMMANDS.keys() == SOUND.keys() == WRONG.keys()
    assert all(WRONG.values())
    assert COMMANDS.keys() >= READS_NO_TOML


@pytest.mark.parametrize(("line", "says"), rows())
def test_what_is_typed_wrong(ran: Project, line: str, says: str) -> None:
    check(ran.skylift(*shlex.split(line)), says)


@pytest.mark.parametrize("path", COMMANDS)
def test_an_option_that_nobody_knows(ran: Project, path: str) -> None:
    check(ran.skylift(*shlex.split(f"{path} {SOUND[path]}"), "--nonsense=1"), "nonsense")


def needing() -> list[str]:
    """Commands that cannot be called alone."""
    return [path for path, found in COMMANDS.items() if any(one.required for one in found.params)]


@pytest.mark.parametrize("path", needing())
def test_nothing_where_something_is_needed(ran: Project, path: str) -> None:
    check(ran.skylift(*path.split()), f"See: skylift {path} --help")


def placed() -> list[str]:
    """Commands that look, or run, in a store that can be named."""
    return [path for path, found in COMMANDS.items() if any(one.name == "store" for one in found.params)]


@pytest.mark.parametrize("path", placed())
def test_a_store_that_nobody_registered(ran: Project, path: str) -> None:
    check(ran.skylift(*shlex.split(f"{path} {SOUND[path]}"), "--store", "bukket"), "Did you mean 'bucket'?")


def calling() -> list[str]:
    """Commands that call a pipeline."""
    return [path for path, found in COMMANDS.items() if any(one.name == "target" for one in found.params)]


@pytest.mark.parametrize("path", calling())
@pytest.mark.parametrize(("variable", "says"), VARIABLES.items())
def test_a_variable_that_is_for_nothing(
    ran: Project, monkeypatch: pytest.MonkeyPatch, path: str, variable: tuple[str, str], says: str
) -> None:
    monkeypatch.setenv(*variable)
    check(ran.skylift(*shlex.split(f"{path} {SOUND[path]}")), says)


@pytest.mark.parametrize("path", [*placed(), "stack describe", "stack validate"])
def test_a_variable_that_names_no_stack(ran: Project, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setenv("SKYLIFT_STACK", "mien")
    line = path if path.startswith("stack ") else f"{path} {SOUND[path]}"
    check(
        ran.skylift(*shlex.split(line)), "SKYLIFT_STACK: there is no stack named 'mien'. Did you mean 'mine'?"
    )


MAKES_OR_NEEDS_NONE: Final = {"run", "schedule deploy", "compile"}
"""A store that is not there is made by what runs, and is nothing to what is offline."""


@pytest.mark.parametrize("path", [path for path in placed() if path not in MAKES_OR_NEEDS_NONE])
def test_a_store_that_is_not_there(ran: Project, path: str) -> None:
    nowhere = f"file://{ran.folder}/nowhere/store"
    says = "nothing of it is deployed or has run" if path == "diff" else "there is no folder"
    check(ran.skylift(*shlex.split(f"{path} {SOUND[path]}"), "--store", nowhere), says)


@pytest.mark.parametrize("path", COMMANDS.keys() - READS_NO_TOML)
@pytest.mark.parametrize("toml", ["[stack.", "[stak.x]\n", "stack = 1\n"])
def test_a_damaged_configuration(ran: Project, path: str, toml: str) -> None:
    ran.write("skylift.toml", toml)
    check(ran.skylift(*shlex.split(f"{path} {SOUND[path]}")), "skylift.toml")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"major": 99}'])
@pytest.mark.parametrize("line", NEEDS_THE_RECORD)
def test_a_damaged_record(ran: Project, line: str, content: bytes) -> None:
    for path in (ran.folder.parent / "store").rglob("*"):
        if path.name == "run.json" or path.parent.name == "index":
            path.chmod(0o600)
            path.write_bytes(content)
    check(ran.skylift(*shlex.split(line)), "run.json")


@pytest.mark.parametrize(
    "line", ["run flow.py:flwo", "runs why lats", "stack set mien", "runs list --limit 0"]
)
def test_a_process_of_its_own_says_the_same(ran: Project, line: str) -> None:
    here, there = ran.skylift(*shlex.split(line)), ran.piped(*SKYLIFT, *shlex.split(line))
    check(there, "")
    assert there == here
