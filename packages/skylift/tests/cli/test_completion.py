"""What a shell is offered, asked as a shell asks; and that asking is cheap."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from skylift_tests_support.commands import SKYLIFT
from skylift_tests_support.folder_scheduler import DAILY, make_scheduling

from skylift.cli import app
from skylift.client import Client

if TYPE_CHECKING:
    from pathlib import Path

    from skylift_tests_support.commands import Project


def offered(project: Project, line: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The words for the last word of a line, as zsh gets them; each with what is said of it."""
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
    monkeypatch.setenv("_SKYLIFT_COMPLETE", "zsh_complete")
    try:
        with pytest.raises(SystemExit):
            project.skylift()
    finally:
        monkeypatch.delenv("_SKYLIFT_COMPLETE")
    out, err = project.capsys.readouterr()
    assert err == ""
    return out.splitlines()[1::3]


def test_commands_and_their_options(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert offered(project, "skylift ", monkeypatch) == list(app.COMMANDS)
    assert offered(project, "skylift ru", monkeypatch) == ["run", "runs"]
    assert offered(project, "skylift runs de", monkeypatch) == ["describe", "delete"]
    assert "--allow-degraded" in offered(project, "skylift run --", monkeypatch)


def test_runs_newest_first_of_the_store_that_is_named(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    project.write("flow.py", DAILY)
    assert offered(project, "skylift runs why ", monkeypatch) == []
    for _ in range(2):
        assert project.skylift("run", "flow.py:plain").code == 0
    newest, oldest = (str(run.id) for run in Client(project.store).runs())
    assert offered(project, "skylift runs why ", monkeypatch) == ["last", newest, oldest]
    assert newest in offered(project, f"skylift runs why {newest[:4]}", monkeypatch)
    other = f"skylift runs why --store file://{tmp_path}/other "
    assert offered(project, other, monkeypatch) == []


def test_names_of_the_configuration_and_the_store(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    make_scheduling(project)
    assert project.skylift("schedule", "deploy", "flow.py:daily").code == 0
    # what reads the configuration reads that of the current folder
    monkeypatch.chdir(project.folder)
    assert offered(project, "skylift run flow.py --stack ", monkeypatch) == ["default", "clocked"]
    assert offered(project, "skylift stack set c", monkeypatch) == ["clocked"]
    assert offered(project, "skylift orchestrator describe c", monkeypatch) == ["clock"]
    assert offered(project, "skylift orchestrator flavor describe ", monkeypatch) == ["folder", "local"]
    assert offered(project, "skylift schedule pause ", monkeypatch) == ["daily"]
    assert offered(project, "skylift diff flow.py --against d", monkeypatch) == ["daily"]
    assert offered(project, "skylift run flow.py:", monkeypatch) == ["flow.py:daily", "flow.py:plain"]
    assert offered(project, "skylift run flow.py:p", monkeypatch) == ["flow.py:plain"]
    assert project.skylift("schedule", "delete", "daily").code == 0
    assert offered(project, "skylift schedule pause ", monkeypatch) == []


@pytest.mark.parametrize("content", ["[stack", "stack = 1\n"])
def test_what_cannot_be_read_offers_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    project.write("skylift.toml", content)
    project.write("flow.py", "def (")
    for line in ("skylift stack set ", "skylift run flow.py:", "skylift run gone.py:", "skylift runs why "):
        assert offered(project, line, monkeypatch) in ([], ["last"])


def test_a_store_on_a_network_is_not_asked(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert offered(project, "skylift runs why --store s3://bucket/x ", monkeypatch) == []
    assert offered(project, "skylift runs logs --store s3://bucket/x last ", monkeypatch) == []


def test_steps_of_the_run_that_stands_before(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write("flow.py", DAILY)
    line = "skylift artifact download last "
    assert offered(project, line, monkeypatch) == []
    assert project.skylift("run", "flow.py:plain").code == 0
    assert project.skylift("run", "flow.py:daily").code == 0
    newest, oldest = (str(run.id) for run in Client(project.store).runs())
    assert offered(project, line, monkeypatch) == ["load", "more"]
    assert offered(project, f"skylift runs logs {oldest[:6]} ", monkeypatch) == ["load"]
    assert offered(project, f"skylift runs logs {newest} m", monkeypatch) == ["more"]
    assert offered(project, "skylift runs logs nobody ", monkeypatch) == []


def test_components_where_they_are_named(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    make_scheduling(project)
    monkeypatch.chdir(project.folder)
    assert project.skylift("artifact-store", "register", "bucket", "--uri=s3://b").code == 0
    assert offered(project, "skylift stack update clocked -a b", monkeypatch) == ["bucket"]
    assert offered(project, "skylift runs list --store b", monkeypatch) == ["bucket"]
    assert offered(project, "skylift run flow.py --store b", monkeypatch) == ["bucket"]
    assert offered(project, "skylift gc --stack c", monkeypatch) == ["clocked"]
    assert offered(project, "skylift runs delete ", monkeypatch) == []


def test_to_complete_a_command_loads_next_to_nothing() -> None:
    program = (
        "import sys; from skylift.cli import main\n"
        "try:\n    main([])\nexcept SystemExit: pass\n"
        "print({'pydantic', 'rich', 'obstore', 'yaml', 'asyncio', 'skylift.cli.run'} & set(sys.modules))"
    )
    asked = {"COMP_WORDS": "skylift r", "COMP_CWORD": "1", "_SKYLIFT_COMPLETE": "zsh_complete"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "set()"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_says_how_to_have_it(project: Project, shell: str) -> None:
    answer = project.skylift("completion", shell)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("# To have it in each shell")
    assert f"skylift completion {shell}" in answer.out
    assert f"_SKYLIFT_COMPLETE={shell}_complete" in answer.out


def test_a_shell_that_is_none(project: Project) -> None:
    answer = project.skylift("completion", "tcsh")
    assert (answer.code, answer.out) == (2, "")
    assert "'tcsh' is not one of 'bash', 'zsh', 'fish'" in answer.err


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_bash_completes_with_it(project: Project, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "skylift"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{SKYLIFT[0]}" -m skylift.cli "$@"\n')
    program.chmod(0o755)
    script = (
        'eval "$(skylift completion bash)" && COMP_WORDS=(skylift schedule res) && COMP_CWORD=2 '
        '&& _skylift_completion skylift && echo "${COMPREPLY[@]}"'
    )
    environment = {**project.environment, "PATH": f"{program.parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("resume\n", "")
