"""`skylift orchestrator`, `artifact-store`, `container-registry` and `stack`, as people type them."""

from __future__ import annotations

import json
import os
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from skylift.client import Client

if TYPE_CHECKING:
    from pathlib import Path

    from skylift_tests_support.commands import Project

FLOW = """
import os
from skylift import pipeline, step

@step
def where() -> int:
    return os.getpid()

@pipeline
def flow() -> None:
    where()
"""


@pytest.fixture
def ours(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with a configuration file of its own."""
    assert project.skylift("init", "--name", "ours").code == 0
    project.write("pipeline.py", FLOW)
    return project


def _file(project: Project) -> dict[str, Any]:
    return tomllib.loads((project.folder / "skylift.toml").read_text())


def _ok(project: Project, line: str) -> str:
    answer = project.skylift(*line.split())
    assert (answer.code, answer.err.count("error")) == (0, 0), answer.err
    return answer.out


def _refused(project: Project, line: str) -> str:
    before = (project.folder / "skylift.toml").read_bytes()
    answer = project.skylift(*line.split())
    assert answer.code == 2
    assert answer.out == ""
    assert (project.folder / "skylift.toml").read_bytes() == before
    return answer.err


def test_the_documented_lines_on_what_is_installed(ours: Project) -> None:
    for line in (
        "orchestrator register local_orchestrator --flavor=local",
        "stack copy default production",
        "orchestrator register prod_orchestrator --flavor=local --max_parallelism=2",
        "stack update production -o prod_orchestrator",
        "stack set production",
    ):
        _ok(ours, line)
    _ok(ours, "run pipeline.py")
    ran = json.loads(_ok(ours, "runs list --output json"))["runs"]
    found = Client(ours.store).run(ran[0]["id"])
    assert found.steps["where"].outputs["output"].load() != os.getpid()  # of two at once, each has a process


@pytest.mark.parametrize(
    ("line", "plugin"),
    [
        ("orchestrator register local_docker --flavor=local_docker", "skylift-docker"),
        (
            (
                "orchestrator register k8s_orchestrator --flavor=kubernetes --kubernetes_context=my-context --kubernetes_namespace=skylift"
            ),
            "skylift-kubernetes",
        ),
        (
            "orchestrator register kubeflow_orchestrator --flavor=kubeflow --kubernetes_context=my-context",
            "skylift-kubeflow",
        ),
        ("orchestrator register airflow_orchestrator --flavor=airflow", "skylift-airflow"),
        (
            "orchestrator register vertex --flavor=vertex --project=my-project --location=us-central1",
            "skylift-vertex",
        ),
        (
            (
                "orchestrator register sagemaker --flavor=sagemaker --execution_role=arn:aws:iam::123456789012:role/SageMaker"
            ),
            "skylift-sagemaker",
        ),
        (
            "orchestrator register azureml --flavor=azureml --subscription_id=S --resource_group=R",
            "skylift-azureml",
        ),
        ("orchestrator register databricks --flavor=databricks", "skylift-databricks"),
    ],
)
def test_the_documented_lines_on_what_is_not(ours: Project, line: str, plugin: str) -> None:
    assert plugin in _refused(ours, line)


def test_an_options_spelling(ours: Project) -> None:
    _ok(ours, "orchestrator register a --flavor local --max-parallelism 3")
    _ok(ours, "orchestrator update a --max_parallelism=4")
    assert _file(ours)["orchestrator"]["a"]["max_parallelism"] == 4
    _ok(ours, "orchestrator update a --remove max-parallelism")
    assert "max_parallelism" not in _file(ours)["orchestrator"]["a"]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            "orchestrator register a --flavor=local --max_paralelism=3",
            (
                "error: orchestrator 'a': there is no option named 'max_paralelism'. Did you mean 'max_parallelism'?\n"
            ),
        ),
        (
            "orchestrator register a --flavor=local --max_parallelism",
            "error: orchestrator 'a', --max_parallelism: it needs a value. Write --max_parallelism=value.\n",
        ),
        (
            "orchestrator register a --flavor=local extra",
            "error: orchestrator 'a': it belongs to no option (got 'extra'). Write options as --name=value.\n",
        ),
        (
            "orchestrator register a --flavor=local --max_parallelism=1 --max-parallelism=2",
            "error: orchestrator 'a', --max-parallelism: it is given twice. Give it once.\n",
        ),
        (
            "orchestrator register a",
            "error: missing option '--flavor'. See: skylift orchestrator register --help\n",
        ),
        (
            "orchestrator update default",
            (
                "error: orchestrator 'default': nothing is to be changed. Name an option, or see: skylift orchestrator describe default\n"
            ),
        ),
        (
            "stack set productoin",
            "there is no stack named 'productoin'. Known: default. See: skylift stack list\n",
        ),
        (
            "stack update default",
            "error: stack 'default': nothing is to be changed. Name a component: -o NAME",
        ),
        ("stack register s", "error: stack 's': it has no orchestrator. Name one: --orchestrator=default\n"),
        ("artifact-store register s", "artifact store 's', uri: it is required. Give it: --uri=s3://…\n"),
        (
            "artifact-store register s --uri=s3://b --secret_access_key=hunter2",
            (
                "error: artifact store 's', secret_access_key: it is a secret, and is kept as a reference only. export S_SECRET_ACCESS_KEY=… and write --secret_access_key='${env:S_SECRET_ACCESS_KEY}'\n"
            ),
        ),
    ],
)
def test_what_is_refused(ours: Project, line: str, sentence: str) -> None:
    assert sentence in _refused(ours, line)


def test_a_store_of_ones_own(ours: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    place = ours.folder / "kept"
    _ok(ours, f"artifact-store register here --uri={place.as_uri()}")
    _ok(ours, "stack register mine -o default -a here")
    _ok(ours, "run pipeline.py --stack mine")
    assert (place / "skylift/1/runs").is_dir()
    assert json.loads(_ok(ours, "runs list --output json"))["runs"] == []
    _ok(ours, "stack set mine")
    assert len(json.loads(_ok(ours, "runs list --output json"))["runs"]) == 1


def test_a_deleted_component_is_named_before_anything_runs(ours: Project) -> None:
    _ok(ours, "orchestrator register a --flavor=local")
    _ok(ours, "stack register s -o a")
    path = ours.folder / "skylift.toml"
    path.write_text(path.read_text().replace("[orchestrator.a]", "[orchestrator.b]"))
    err = _refused(ours, "run pipeline.py --stack s")
    assert (
        "stack 's': its orchestrator 'a' is not registered any more. Give it one: skylift stack update" in err
    )


def test_lists_and_descriptions(ours: Project) -> None:
    _ok(ours, "orchestrator register a --flavor=local --max_parallelism=2")
    _ok(ours, "stack register s -o a")
    _ok(ours, "container-registry register hub --uri=docker.io/company --password=${env:P}")
    assert [line.split() for line in _ok(ours, "orchestrator list").splitlines()] == [
        ["NAME", "FLAVOR", "STACKS"],
        ["default", "local", "default"],
        ["a", "local", "s"],
    ]
    described = json.loads(_ok(ours, "orchestrator describe a --output json"))
    assert described["version"] == 1
    assert described["orchestrator"]["options"] == {"max_parallelism": 2}
    assert described["orchestrator"]["stacks"] == ["s"]
    assert json.loads(_ok(ours, "container-registry list --output json"))["container_registries"][0][
        "options"
    ] == {
        "uri": "docker.io/company",
        "password": "${env:P}",
    }
    assert "${env:P}" in _ok(ours, "container-registry describe hub")
    assert json.loads(_ok(ours, "stack list --output json"))["stacks"] == [
        {
            "name": "default",
            "active": True,
            "active_by": None,
            "orchestrator": "default",
            "artifact_store": "default",
            "container_registry": None,
            "error": None,
        },
        {
            "name": "s",
            "active": False,
            "active_by": None,
            "orchestrator": "a",
            "artifact_store": "default",
            "container_registry": None,
            "error": None,
        },
    ]
    assert "orchestrator        a        local" in _ok(ours, "stack describe s")


def test_deleting(ours: Project) -> None:
    _ok(ours, "orchestrator register a --flavor=local")
    _ok(ours, "stack register s -o a")
    assert "stack s has it" in _refused(ours, "orchestrator delete a")
    _ok(ours, "stack delete s")
    _ok(ours, "orchestrator delete a")
    assert set(_file(ours)) == {"project"}


def test_a_stack_is_tried(ours: Project) -> None:
    assert _ok(ours, "stack validate").count("ok  ") == 4


def test_of_a_stack_that_cannot_work_each_reason_is_said(ours: Project) -> None:
    (ours.folder / "file").write_text("no folder")
    _ok(ours, f"artifact-store register s --uri={(ours.folder / 'file').as_uri()}")
    _ok(ours, "stack register s -o default -a s")
    answer = ours.skylift("stack", "validate", "s")
    assert answer.code == 2
    assert "no  file://" in answer.out
    assert answer.err == "error: stack 's': 1 of its parts cannot work. The lines above say why.\n"


def test_the_project_is_that_of_the_pipelines_file(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whoever calls it from elsewhere, as cron does, gets its stack, its secrets and its name."""
    monkeypatch.delenv("SKYLIFT_STORE_URI")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert project.skylift("init", "ours").code == 0
    project.write("ours/pipeline.py", FLOW)
    kept = (tmp_path / "kept").as_uri()
    with (project.folder / "ours/skylift.toml").open("a") as file:
        file.write(f'[artifact_store.here]\nuri = "{kept}"\n')
        file.write(
            '[stack.mine]\norchestrator = "default"\nartifact_store = "here"\n[active]\nstack = "mine"\n'
        )

    assert project.skylift("run", "ours/pipeline.py").code == 0
    compiled = project.skylift("compile", "ours/pipeline.py", "--stack", "mine", "-o", str(tmp_path / "out"))
    assert compiled.code == 0, compiled.err

    ran = Client(kept).run("last")
    assert ran.record is not None
    assert ran.record.project == "ours"


def test_a_run_of_another_stack_is_found_by_what_the_run_said(ours: Project) -> None:
    place = (ours.folder / "kept").as_uri()
    _ok(ours, f"artifact-store register here --uri={place}")
    _ok(ours, "stack register mine -o default -a here")
    ran = ours.skylift("run", "pipeline.py", "--stack", "mine")
    said = next(line for line in ran.err.splitlines() if line.startswith("next: skylift "))
    assert said.endswith(" --store here")
    assert "status      completed" in _ok(ours, said.removeprefix("next: skylift "))
    assert len(json.loads(_ok(ours, "runs list --stack mine --output json"))["runs"]) == 1
    assert json.loads(_ok(ours, "runs list --output json"))["runs"] == []
    assert "error: --store and --stack name one thing" in _refused(
        ours, "runs list --stack mine --store here"
    )
    assert "no artifact store named 'her'. Did you mean 'here'?" in _refused(ours, "runs list --store her")
    assert "no stack named 'mien'. Did you mean 'mine'?" in _refused(ours, "runs list --stack mien")


def test_a_run_in_a_store_without_a_name_is_found_too(ours: Project) -> None:
    place = (ours.folder / "kept").as_uri()
    ran = ours.skylift("run", "pipeline.py", "--store", place)
    said = next(line for line in ran.err.splitlines() if line.startswith("next: skylift "))
    assert said.endswith(f" --store {place}")
    assert "status      completed" in _ok(ours, said.removeprefix("next: skylift "))


def test_a_secret_in_clear_is_refused_and_never_shown(ours: Project) -> None:
    path = ours.folder / "skylift.toml"
    path.write_text(
        f'{path.read_text() if path.exists() else ""}\n[artifact_store.h]\nuri = "s3://b"\n'
        'secret_access_key = "clear-secret-123"\n[stack.h]\norchestrator = "default"\nartifact_store = "h"\n'
    )
    fix = "export H_SECRET_ACCESS_KEY=… and write --secret_access_key='${env:H_SECRET_ACCESS_KEY}'"
    for line in ("describe h", "describe h --output json", "list --output json", "list"):
        answer = ours.skylift("artifact-store", *line.split())
        assert answer.code == 0
        assert "clear-secret-123" not in answer.out + answer.err
        assert ("**********" in answer.out) is (line != "list")
        assert fix in answer.err
    for line in ("artifact-store update h --region=eu", "run pipeline.py --stack h"):
        err = _refused(ours, line)
        assert fix in err
        assert "clear-secret-123" not in err


@pytest.mark.parametrize(
    "line", ['rogion = "x"', 'request_timeout_s = "1s"', 'uri = "s3://AKIA:SECRET123@x/y"', "region = 3"]
)
def test_options_that_do_not_fit_fail_in_their_own_line(ours: Project, line: str) -> None:
    path = ours.folder / "skylift.toml"
    uri = "" if line.startswith("uri") else 'uri = "s3://b"\n'
    path.write_text(
        f"{path.read_text() if path.exists() else ''}\n[artifact_store.s]\n{uri}{line}\n"
        '[stack.s]\norchestrator = "default"\nartifact_store = "s"\n'
    )
    answer = ours.skylift("stack", "validate", "s")
    assert answer.code == 2
    assert answer.out.startswith("no  its components are registered, and their options fit: s: ")
    assert "ok  " not in answer.out
    assert "SECRET123" not in answer.out + answer.err
    assert answer.err == "error: stack 's': 1 of its parts cannot work. The lines above say why.\n"


def test_a_password_in_a_stores_uri_is_not_repeated(ours: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = "s3://AKIA:SECRET123@x/y"
    errors = [
        _refused(ours, line)
        for line in (
            f"artifact-store register e --uri {uri}",
            f"runs list --store {uri}",
            f"run pipeline.py --store {uri}",
        )
    ]
    monkeypatch.setenv("SKYLIFT_STORE_URI", uri)
    errors.append(_refused(ours, "run pipeline.py"))
    for err in errors:
        assert "it holds user:password@" in err
        assert "SECRET123" not in err


def test_validate_as_json(ours: Project) -> None:
    found = json.loads(_ok(ours, "stack validate --output json"))
    assert (found["version"], found["stack"], found["ok"]) == (1, "default", True)
    assert [check["name"] for check in found["checks"]] == [
        "components",
        "store_reachable",
        "orchestrator",
        "store",
    ]
    assert {check["fix"] for check in found["checks"]} == {None}

    _ok(ours, "container-registry register hub --uri=docker.io/company --password=${env:NOT_SET}")
    _ok(ours, "stack register s -o default -c hub")
    answer = ours.skylift("stack", "validate", "s", "--output", "json")
    found = json.loads(answer.out)
    (check,) = found["checks"]
    assert (answer.code, found["ok"], check["name"], check["ok"]) == (2, False, "components", False)
    assert "NOT_SET" in check["sentence"]
    assert check["fix"]
    assert check["sentence"].endswith(check["fix"])


def test_a_variable_names_the_active_stack(ours: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for line in ("stack copy default one", "stack copy default two", "stack set one"):
        _ok(ours, line)
    monkeypatch.setenv("SKYLIFT_STACK", "two")

    assert _ok(ours, "stack list").splitlines()[-3:] == [
        "*  two      default       default         -",
        "",
        "SKYLIFT_STACK says which is active: two",
    ]
    assert _ok(ours, "stack describe").splitlines()[0] == "stack two (active by SKYLIFT_STACK)"
    found = {one["name"]: one for one in json.loads(_ok(ours, "stack list --output json"))["stacks"]}
    assert [found[name]["active_by"] for name in ("one", "two")] == [None, "SKYLIFT_STACK"]

    ran = ours.skylift("run", "pipeline.py")
    assert "note: stack 'two' is from SKYLIFT_STACK\n" in ran.err
    assert "note" not in ours.skylift("run", "pipeline.py", "--stack", "one").err

    answer = ours.skylift("stack", "set", "default")
    assert (
        answer.err == "stack 'default' is the active one in the file; here SKYLIFT_STACK names another: two\n"
    )
    monkeypatch.delenv("SKYLIFT_STACK")
    assert _ok(ours, "stack describe").splitlines()[0] == "stack default (active)"
    assert json.loads(_ok(ours, "stack describe --output json"))["stack"]["active_by"] == str(
        ours.folder / "skylift.toml"
    )


def test_a_variable_that_names_no_stack(ours: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    _ok(ours, "stack copy default production")
    monkeypatch.setenv("SKYLIFT_STACK", "productoin")
    sentence = (
        "error: SKYLIFT_STACK: there is no stack named 'productoin'. Did you mean 'production'? "
        "See: skylift stack list\n"
    )
    assert _refused(ours, "run pipeline.py") == sentence
    assert _refused(ours, "stack describe") == sentence
    assert _ok(ours, "stack list").splitlines()[-1] == (
        "SKYLIFT_STACK says which is active: productoin, and there is none of that name"
    )
    _ok(ours, "run pipeline.py --stack production")


def test_a_file_that_names_no_stack(ours: Project) -> None:
    _ok(ours, "stack copy default production")
    path = ours.folder / ours.write("skylift.toml", '[active]\nstack = "productoin"\n\n[stack.production]\n')
    assert _ok(ours, "stack list").splitlines()[-1] == (
        f"[active] stack of {path} is 'productoin', and there is none of that name: skylift stack set NAME"
    )
    _ok(ours, "stack set production")
    assert "productoin" not in _ok(ours, "stack list")


def test_a_mark_at_the_start_of_the_file_is_read_over(ours: Project) -> None:
    """Windows' editors write one."""
    path = ours.folder / ours.write("skylift.toml", "\ufeff[stack.production]\n")
    assert "production" in _ok(ours, "stack list")
    _ok(ours, "stack set production")
    assert tomllib.loads(path.read_text(encoding="utf-8"))["active"] == {"stack": "production"}
