"""What every command shares: help, errors, exit codes."""

from __future__ import annotations

import errno
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
from skylift_tests_support.command_tree import commands
from skylift_tests_support.commands import SKYLIFT

from skylift import __version__
from skylift.cli import app, artifact, components, flavor, integration, runs, schedule, stack
from skylift.client import Client

if TYPE_CHECKING:
    from skylift_tests_support.commands import Project

    from skylift.cli.commands import LazyGroup

GROUPS: dict[str, LazyGroup] = {
    "skylift": app.skylift,
    "runs": runs.runs,
    "artifact": artifact.artifact,
    "stack": stack.stack,
    "schedule": schedule.schedule,
    "integration": integration.integration,
    "orchestrator": components.orchestrator,
    "artifact-store": components.artifact_store,
    "container-registry": components.container_registry,
    "orchestrator flavor": flavor.flavor,
}
COMMANDS = ", ".join(app.COMMANDS)


def test_help_teaches_the_first_commands(project: Project) -> None:
    answer = project.skylift("--help")
    assert answer.code == 0
    for expected in ("skylift run pipeline.py", "Run a pipeline", "Look at runs", "--version"):
        assert expected in answer.out


def test_help_has_its_sections_in_order_and_each_command_once(project: Project) -> None:
    lines = project.skylift("--help").out.splitlines()
    sections = [lines.index(f"{section}:") for section in ("Run", "Look", "Set up", "Maintain")]
    assert sections == sorted(sections)
    first_words = [
        line.split()[0] for line in lines[sections[0] :] if line.startswith("  ") and line[2] != " "
    ]
    assert sorted(first_words[: len(app.COMMANDS)]) == sorted(app.COMMANDS)


@pytest.mark.parametrize("command", commands())
def test_each_command_has_examples_of_itself(project: Project, command: str) -> None:
    answer = project.skylift(*command.split(), "--help")
    assert (answer.code, answer.err) == (0, "")
    assert f"Examples:\n    skylift {command}" in answer.out
    assert "--debug" in answer.out


@pytest.mark.parametrize("group", GROUPS.values(), ids=GROUPS)
def test_the_groups_lines_are_the_commands_own(group: LazyGroup) -> None:
    """The help shows them without importing the commands; so they could drift."""
    context = click.Context(group)
    for name, lazy in group.commands_at.items():
        found = group.get_command(context, name)
        assert found is not None
        assert found.name == name
        if not isinstance(found, click.Group):
            assert found.short_help == lazy.help


@pytest.mark.parametrize("arguments", [["--help"], ["runs", "--help"], ["--version"]])
def test_help_loads_next_to_nothing(arguments: list[str]) -> None:
    program = (
        "import sys; from skylift.cli import main\n"
        f"code = main({arguments!r})\n"
        "heavy = {'pydantic', 'rich', 'obstore', 'yaml', 'concurrent', 'asyncio'} & set(sys.modules)\n"
        "sys.exit(f'{code} {heavy}')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr == "0 set()\n"


def test_version(project: Project) -> None:
    assert project.skylift("--version").out == f"skylift {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("rnu",), "there is no command 'rnu'. Did you mean 'run'? See: skylift --help"),
        (("xyz",), f"there is no command 'xyz'. There are: {COMMANDS}. See: skylift --help"),
        (("runs", "lst"), "there is no command 'lst'. Did you mean 'list'? See: skylift runs --help"),
        (("run",), "missing argument 'FILE.py[:PIPELINE]'. See: skylift run --help"),
    ],
)
def test_a_wrong_command(project: Project, arguments: tuple[str, ...], sentence: str) -> None:
    answer = project.skylift(*arguments)
    assert (answer.code, answer.out, answer.err) == (2, "", f"error: {sentence}\n")


def test_a_wrong_option_offers_the_nearest(project: Project) -> None:
    answer = project.skylift("runs", "list", "--limt", "3")
    assert answer.code == 2
    assert re.fullmatch(
        r"error: no such option:? '?--limt'?.*--limit.* See: skylift runs list --help\n", answer.err
    )


def test_an_error_of_ours_is_one_sentence_and_with_debug_a_traceback(project: Project) -> None:
    sentence = f"error: {project.store}: there is no run yet. See: skylift runs list\n"
    answer = project.skylift("runs", "why", "last")
    assert (answer.code, answer.out, answer.err) == (2, "", sentence)

    for arguments in (("--debug", "runs", "why", "last"), ("runs", "why", "last", "--debug")):
        answer = project.skylift(*arguments)
        assert answer.err.startswith("Traceback (most recent call last):\n")
        assert answer.err.endswith(sentence)


def _replaced(monkeypatch: pytest.MonkeyPatch, raised: BaseException) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise raised

    monkeypatch.setattr(Client, "newest", fail)


def test_a_bug_says_that_it_is_one(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    _replaced(monkeypatch, ZeroDivisionError("oh"))
    answer = project.skylift("runs", "list")
    assert answer.code == 70
    assert re.fullmatch(
        r"error: this is a bug in Skylift: ZeroDivisionError at test_main\.py:\d+: oh\. "
        r"Please report it with what the same command prints with --debug\.\n",
        answer.err,
    )
    assert "Traceback" in project.skylift("runs", "list", "--debug").err


def test_ctrl_c_says_stopped(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    _replaced(monkeypatch, KeyboardInterrupt())
    answer = project.skylift("runs", "list")
    assert (answer.code, answer.err.strip()) == (130, "stopped")


def test_ctrl_c_says_what_goes_on_without_the_command(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    _replaced(monkeypatch, KeyboardInterrupt("no longer waiting: run r goes on"))
    answer = project.skylift("runs", "list")
    assert (answer.code, answer.err.strip()) == (130, "no longer waiting: run r goes on")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_goes_away_gets_no_traceback(project: Project, unbuffered: str) -> None:
    process = subprocess.Popen(
        [*SKYLIFT, "runs", "--help"],
        env={**project.environment, "PYTHONUNBUFFERED": unbuffered},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    _, err = process.communicate()
    assert (process.returncode, err) == (1, b"")


def test_an_old_encoding_gets_escapes_and_no_crash(project: Project) -> None:
    project.write(
        "flow.py",
        "from skylift import pipeline, step\n@step\ndef schön() -> int:\n    return 1\n@pipeline\ndef p() -> None:\n    schön()\n",
    )
    assert project.skylift("run", "flow.py").code == 0
    done = subprocess.run(
        [*SKYLIFT, "runs", "describe", "last"],
        env={**project.environment, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )
    assert rb"sch\xf6n" in done.stdout


@pytest.mark.parametrize("command", ["skylift runs list", "skylift runs list --output json"])
def test_a_stdout_that_is_closed(project: Project, command: str) -> None:
    project.write("flow.py", ONE)
    assert project.skylift("run", "flow.py").code == 0
    answer = shell(project, f"{command} >&-")
    assert (answer.returncode, answer.stderr) == (
        1,
        "error: stdout: it is closed. Send it to a file, or to /dev/null.\n",
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it")
@pytest.mark.parametrize("command", ["skylift runs list", "skylift --help", "skylift runs logs last"])
def test_a_stdout_that_is_full(project: Project, command: str) -> None:
    project.write("flow.py", ONE)
    assert project.skylift("run", "flow.py").code == 0
    answer = shell(project, f"{command} >/dev/full")
    assert (answer.returncode, answer.stderr) == (
        1,
        "error: stdout: it cannot be written: No space left on device. Send it to where there is room.\n",
    )
    assert shell(project, f"{command} 2>/dev/full").returncode == 0


def test_a_folder_that_was_deleted(project: Project) -> None:
    project.write("flow.py", ONE)
    answer = shell(project, "mkdir gone; cd gone; rmdir ../gone; skylift run flow.py:p")
    assert (answer.returncode, answer.stderr) == (
        1,
        "error: the current folder: it has been deleted. Change to one that is there.\n",
    )


def test_a_machine_that_refuses_is_no_bug(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    _replaced(monkeypatch, OSError(errno.EMFILE, "Too many open files", "x/y"))
    answer = project.skylift("runs", "list")
    assert (answer.code, answer.err) == (
        1,
        "error: x/y: Too many open files. With --debug: where it happened.\n",
    )


def shell(project: Project, line: str) -> subprocess.CompletedProcess[str]:
    """A command line as people type it."""
    script = f'skylift() {{ "{sys.executable}" -m skylift.cli "$@"; }}; {line}'
    return subprocess.run(
        ["/bin/sh", "-c", script],
        cwd=project.folder,
        env=project.environment,
        capture_output=True,
        text=True,
        check=False,
    )


ONE = """
from skylift import pipeline, step
@step
def one() -> int:
    print("one")
    return 1
@pipeline
def p() -> None:
    one()
"""
