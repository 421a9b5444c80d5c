from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from skylift_tests_support.commands import Project

MINE = """
from pathlib import Path

from skylift.local.flavor import LocalOrchestratorFlavor
from skylift.local.config import LocalOrchestratorConfig

class Mine(LocalOrchestratorFlavor):
    name = "mine"
    title = "My own"

class Silent(LocalOrchestratorFlavor):
    name = "silent"
    capabilities = None

class Nothing(LocalOrchestratorFlavor):
    name = "nothing"

    @property
    def implementation_class(self):
        from skylift.orchestrators import BaseOrchestrator
        return BaseOrchestrator
"""


@pytest.fixture
def ours(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    project.skylift("init", "--name", "ours")
    project.write("my_flavors_of_test.py", MINE)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return project


def test_the_table_says_what_is_installed_and_what_is_not(ours: Project) -> None:
    answer = ours.skylift("orchestrator", "flavor", "list")
    lines = {line.split()[0]: line for line in answer.out.splitlines() if line}
    assert "skylift 0.1.0" in lines["local"]
    assert lines["local"].split()[1:6] == ["yes", "~", "~", "~", "no"]
    assert "kubeflow, airflow, sagemaker, vertex" in lines["not"]


def test_one_flavor_with_its_reasons(ours: Project) -> None:
    out = ours.skylift("orchestrator", "flavor", "describe", "local").out
    assert "How many steps run at once" in out
    assert "checked against this machine, not enforced" in out
    found = json.loads(ours.skylift("orchestrator", "flavor", "describe", "local", "--output", "json").out)
    assert found["flavor"]["capabilities"]["cpu"]["level"] == "emulated"
    assert found["flavor"]["options"]["max_parallelism"]["minimum"] == 1


def test_a_flavor_of_ones_own_is_registered_and_runs(ours: Project) -> None:
    answer = ours.skylift("orchestrator", "flavor", "register", "my_flavors_of_test.Mine")
    assert answer.code == 0, answer.err
    assert "skylift orchestrator register NAME --flavor=mine" in answer.err
    assert ours.skylift("orchestrator", "register", "a", "--flavor=mine", "--max_parallelism=2").code == 0
    listed = json.loads(ours.skylift("orchestrator", "flavor", "list", "--output", "json").out)["flavors"]
    assert [flavor["from"] for flavor in listed if flavor["name"] == "mine"] == ["my_flavors_of_test:Mine"]
    ran = ours.skylift("run", "pipeline.py", "--orchestrator", "a")
    assert ran.code == 0, ran.err
    assert json.loads(ours.skylift("runs", "list", "--output", "json").out)["runs"][0]["flavor"] == "mine"


def test_a_flavor_that_declares_nothing_is_asked_by_what_it_overrides(ours: Project) -> None:
    ours.skylift("orchestrator", "flavor", "register", "my_flavors_of_test:Silent")
    line = next(
        line
        for line in ours.skylift("orchestrator", "flavor", "list").out.splitlines()
        if line.startswith("silent")
    )
    assert "?" in line
    assert (
        "LocalOrchestrator does not override fetch_logs"
        in ours.skylift("orchestrator", "flavor", "describe", "silent").out
    )


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("Mine", "error: flavor: it is no module.Class (got 'Mine'). my_package.flavor.MyFlavor"),
        ("my_flavors_of_test.Mien", "it cannot be imported: AttributeError: "),
        ("nowhere.Mine", "error: flavor nowhere:Mine: it cannot be imported: ModuleNotFoundError: "),
        ("my_flavors_of_test.Path", "it is no BaseOrchestratorFlavor. Subclass it."),
        ("my_flavors_of_test.Nothing", "overrides neither submit_pipeline nor prepare_or_run_pipeline"),
        ("skylift.local.flavor.LocalOrchestratorFlavor", "an installed package brings it already"),
    ],
)
def test_what_is_no_flavor(ours: Project, source: str, sentence: str) -> None:
    answer = ours.skylift("orchestrator", "flavor", "register", source)
    assert (answer.code, answer.out) == (2, "")
    assert sentence in answer.err
    assert "[flavor]" not in (ours.folder / "skylift.toml").read_text()


def test_a_registered_flavor_whose_module_went_breaks_no_other(ours: Project) -> None:
    ours.skylift("orchestrator", "flavor", "register", "my_flavors_of_test.Mine")
    path = ours.folder / "skylift.toml"
    path.write_text(path.read_text().replace("my_flavors_of_test", "my_flavors_gone"))
    answer = ours.skylift("orchestrator", "flavor", "list")
    assert answer.code == 0
    assert "skylift 0.1.0" in answer.out
    assert "my_flavors_gone" in answer.err


def test_what_is_no_class_is_not_called(ours: Project) -> None:
    """A pipeline would run."""
    answer = ours.skylift("orchestrator", "flavor", "register", "pipeline.first")
    assert answer.code == 2
    assert "flavor pipeline:first: it is no BaseOrchestratorFlavor. Subclass it.\n" in answer.err
    assert json.loads(ours.skylift("runs", "list", "--output", "json").out)["runs"] == []
