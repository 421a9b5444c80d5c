from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from skylift_tests_support.commands import Project


def test_a_project_that_runs(project: Project) -> None:
    answer = project.skylift("init", "churn")
    assert answer.code == 0
    assert answer.err == (
        "made churn/skylift.toml\nmade churn/pipeline.py\n\nNext: cd churn && skylift run pipeline.py\n"
    )
    assert 'name = "churn"' in (project.folder / "churn/skylift.toml").read_text()
    ran = project.skylift("run", "churn/pipeline.py", "--param", "digits=1")
    assert ran.code == 0, ran.err
    assert "the mean is 3.8" in ran.out


def test_what_is_there_stays(project: Project) -> None:
    project.write("pipeline.py", "mine = 1\n")
    assert project.skylift("init", "--name", "p").code == 0
    assert (project.folder / "pipeline.py").read_text() == "mine = 1\n"
    again = project.skylift("init")
    assert again.code == 2
    assert "there is one already. Edit it, or choose another folder.\n" in again.err


@pytest.mark.parametrize("name", ["", "a b", "-", "é", "a" * 64])
def test_a_name_that_no_project_can_have(project: Project, name: str) -> None:
    answer = project.skylift("init", "--name", name)
    assert answer.code == 2
    assert "Choose one: skylift init --name NAME" in answer.err
    assert list(project.folder.iterdir()) == []
