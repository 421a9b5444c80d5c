"""`skylift run … --emulate`: a backend of this machine's, and nothing of the real one's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from skylift_tests_support import distant
from skylift_tests_support.folder_scheduler import DAILY

from skylift.client import Client
from skylift_contract.enums import ExecutionStatus

if TYPE_CHECKING:
    from pathlib import Path

    from skylift_tests_support.commands import Answer, Project

EMULATOR = "skylift_tests_support.distant:emulated"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv(distant.TOKEN, "a person's own")
    return tmp_path


def run(
    project: Project, home: Path, monkeypatch: pytest.MonkeyPatch, *argv: str, emulator: str = EMULATOR
) -> Answer:
    distant.install(home / "installed", monkeypatch, emulator)
    project.write("flow.py", DAILY)
    for line in (
        "init --name ours",
        "orchestrator register there --flavor=distant --account=real",
        "artifact-store register bucket --uri=s3://somebodys",
        "stack register far -o there -a bucket",
    ):
        answer = project.skylift(*line.split())
        assert answer.code == 0, answer.err
    return project.skylift("run", "flow.py:daily", "--stack", "far", *argv)


def test_it_runs_on_the_emulator_and_is_kept_in_a_store_of_its_own(
    project: Project, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = run(project, home, monkeypatch, "--emulate", "--param", "by=2")
    assert answer.code == 0, answer.err
    store = f"file://{home}/data/skylift/emulated"
    (made,) = Client(store).runs()
    assert made.status is ExecutionStatus.COMPLETED
    assert made.flavor == "distant"
    assert made.steps["more"].outputs["output"].load() == 43
    assert list(Client().runs()) == []


def test_it_says_what_is_replaced(project: Project, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = run(project, home, monkeypatch, "--emulate")
    told = " ".join(answer.err.split())
    assert (
        f"distant is emulated on this machine, which nothing leaves: the store is file://{home}/data/skylift/emulated, "
        "there is no container registry, and no credentials of yours are used"
    ) in told
    assert "it has no machines" in told
    assert "its schedule is not deployed, and this runs once" in told


def test_its_variables_are_gone_afterwards_and_a_persons_own_are_back(
    project: Project, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(project, home, monkeypatch, "--emulate").code == 0
    assert distant.ENDPOINT not in os.environ
    assert os.environ[distant.TOKEN] == "a person's own"


def test_a_failed_step_is_a_failed_run(project: Project, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(project, home, monkeypatch, "--emulate")
    project.write("flow.py", DAILY.replace("return 41", 'raise ValueError("no")'))
    answer = project.skylift("run", "flow.py:daily", "--stack", "far", "--emulate")
    assert answer.code == 1
    assert "ValueError: no" in answer.err


def test_without_it_the_store_and_the_account_are_the_persons(
    project: Project, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = run(project, home, monkeypatch, "--store", project.store)
    assert answer.code == 2
    assert "which cannot reach its store" in answer.err


def test_it_stays_until_the_run_is_over(
    project: Project, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = run(project, home, monkeypatch, "--emulate", "--no-wait")
    assert answer.code == 2
    assert "--no-wait: the emulator is in this process, which has to stay for it. Leave it out." in answer.err


def test_a_flavor_without_an_emulator(project: Project, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = run(project, home, monkeypatch, "--emulate", emulator="")
    assert answer.code == 2
    assert "emulator of flavor 'distant': no installed package brings one (installed: " in answer.err
    assert "Leave out --emulate." in answer.err
