from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from skylift_docker_snapshots import snapshot, step

from skylift.bootstrap.command import program
from skylift_contract.resource_settings import ResourceSettings
from skylift_contract.settings import DockerSettings
from skylift_contract.snapshot import (
    PipelineSnapshot,
)
from skylift_contract.stack import ArtifactStore, Stack
from skylift_docker.compile import DOCUMENT
from skylift_docker.config import DockerOrchestratorConfig, DockerRunSettings
from skylift_docker.orchestrator import DockerOrchestrator
from skylift_docker.recipes import needs

GOLDEN = Path(__file__).parent / "golden"
STEPS = ("load", "train", "train_2")


def own(**settings: Any) -> dict[str, Any]:
    return {"orchestrator.local_docker": DockerRunSettings.parse(settings).model_dump(mode="json")}


def static() -> PipelineSnapshot:
    settings = own(
        mounts=["/data:/data:ro", {"source": "cache", "target": "/cache"}],
        environment={"A": "flavor", "B": "flavor"},
        network="training",
        user="1000:1000",
        shm_size="1GiB",
        privileged=True,
        platform="linux/amd64",
        run_args={"init": True},
    )
    resources = ResourceSettings(cpu_count=1.5, memory="8GB", gpu_count=1)
    docker = DockerSettings(image="registry.example/own:1", platform="linux/arm64")
    return snapshot(
        step("load"),
        step("train", "load", resource_settings=resources, settings=settings, docker_settings=docker),
        step("train_2", "load", "train", docker_settings=docker, secrets={"P": "env:Q", "R": "aws-sm:S"}),
    )


def dynamic() -> PipelineSnapshot:
    return snapshot(
        dynamic=True,
        environment={"A": "pipeline"},
        secrets={"P": "env:Q"},
        step_secrets=("env:Q", "env:T", "gcp-sm:U"),
        resource_settings=ResourceSettings(memory="2GB"),
    )


def compiled(made: PipelineSnapshot, **config: Any) -> bytes:
    orchestrator = DockerOrchestrator(
        DockerOrchestratorConfig.parse({"image": "default:1", **config}), flavor="local_docker"
    )
    stack = Stack("tests", orchestrator, ArtifactStore("file:///store"))
    environments = {name: {"SKYLIFT_STORE": "file:///store", "B": "step"} for name in STEPS}
    return orchestrator.compile_pipeline(
        made, stack, {"SKYLIFT_STORE": "file:///store"}, environments
    ).documents[DOCUMENT]


def built() -> PipelineSnapshot:
    """What asks for an image, or a set-up, of its own."""
    return snapshot(
        step("load", docker_settings=DockerSettings(requirements=("numpy",), environment={"A": "b"})),
        step("train", "load", docker_settings=DockerSettings(parent_image="own:1")),
    )


OPTIONS: dict[str, dict[str, Any]] = {
    "static": {},
    "dynamic": {},
    "built": {"index": "https://packages.example/simple"},
    "at_start": {"index": "/wheels", "setup": "start"},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_the_golden_document(name: str, request: pytest.FixtureRequest) -> None:
    """The document itself, read in review; the snapshot's digest and what is sent to it are masked."""
    made = {"static": static, "dynamic": dynamic}.get(name, built)()
    text = compiled(made, **OPTIONS[name]).decode().replace(made.digest, "DIGEST")
    found = json.loads(text.replace(json.dumps(program(), ensure_ascii=False)[1:-1], "PROGRAM"))
    text = json.dumps(found, indent=1, sort_keys=True) + "\n"
    golden = GOLDEN / f"{name}.json"
    if request.config.getoption("--update-golden"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text)
    assert text == golden.read_text()


def test_the_same_snapshot_gives_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    one = compiled(static())
    monkeypatch.setenv("DOCKER_HOST", "tcp://elsewhere:1")
    monkeypatch.setenv("Q", "a value")
    assert compiled(static()) == one


def test_each_field_that_the_document_owns_changes_it() -> None:
    def of(**config: Any) -> bytes:
        made = snapshot(step("load", **config))
        return compiled(made).replace(made.digest.encode(), b"DIGEST")

    changed = [
        of(),
        of(resource_settings=ResourceSettings(cpu_count=1)),
        of(resource_settings=ResourceSettings(memory="1GB")),
        of(resource_settings=ResourceSettings(gpu_count=1)),
        of(docker_settings=DockerSettings(image="other:1")),
        of(docker_settings=DockerSettings(platform="linux/arm64")),
        of(docker_settings=DockerSettings(requirements=("numpy",))),
        of(docker_settings=DockerSettings(apt_packages=("git",))),
        of(docker_settings=DockerSettings(environment={"A": "b"})),
        of(docker_settings=DockerSettings(dockerfile="Dockerfile")),
        of(secrets={"P": "env:Q"}),
        *(
            of(settings=own(**{name: value}))
            for name, value in {
                "mounts": ["/a:/b"],
                "environment": {"A": "1"},
                "network": "host",
                "user": "1",
                "shm_size": "1GB",
                "privileged": True,
                "platform": "linux/amd64",
                "run_args": {"init": True},
            }.items()
        ),
    ]
    assert len(set(changed)) == len(changed)


def test_what_a_lock_found_is_what_is_installed() -> None:
    made = built()
    config = DockerOrchestratorConfig.parse({"image": "default:1", "setup": "start"})
    (first, _) = needs(made, config)
    lock = ("numpy==2.0", "skylift==0.1.0")
    locked = made.model_copy(update={"locks": {first.recipe.lock: lock}})
    containers = json.loads(compiled(locked, setup="start"))["containers"]
    plans = {name: json.loads(one["create"]["command"][3]) for name, one in containers.items()}
    assert plans["load"]["requirements"] == list(lock)
    assert plans["train"]["requirements"] == ["skylift==0.1.0", "skylift-docker"]


def test_options_of_the_orchestrator_are_defaults() -> None:
    made = snapshot(
        step("load"), step("train", settings=own(network="host", user="7", run_args={"init": True}))
    )
    document = json.loads(compiled(made, network="mine", user="5", run_args={"init": False, "hostname": "h"}))
    load, train = (document["containers"][name]["create"] for name in ("load", "train"))
    assert (load["network_mode"], load["user"], load["init"], load["hostname"]) == ("mine", "5", False, "h")
    assert (train["network_mode"], train["user"], train["init"], train["hostname"]) == (
        "host",
        "7",
        True,
        "h",
    )
