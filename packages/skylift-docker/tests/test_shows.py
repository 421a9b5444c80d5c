"""What the flavor is for, from one end to the other: an example, a real diamond, and a clean machine after it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import skylift_docker_flows as flows
from skylift_docker_runs import arrived, beside, mounted, release, run

from skylift.client import Client
from skylift_contract.enums import ExecutionStatus as Status
from skylift_docker.client import DockerClient
from skylift_testkit.docker.wheels import make_wheels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from skylift_docker.orchestrator import DockerOrchestrator
    from skylift_testkit.docker.plugin import RunningEngine

    Make = Callable[..., DockerOrchestrator]

EXAMPLE = Path(__file__).parents[3] / "examples" / "digits"
NEEDED = ("scikit-learn", "matplotlib")


def skylift(project: Path, *arguments: str) -> str:
    argv = [str(Path(sys.executable).with_name("skylift")), *arguments]
    done = subprocess.run(argv, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def project(tmp_path: Path, docker_engine: RunningEngine, skylift_image: str) -> Path:
    """With the orchestrator `docker` and its stack, as people register them."""
    folder = tmp_path / "project"
    folder.mkdir()
    skylift(folder, "init", "--name", "shows")
    options = [f"--docker_host={docker_engine.host}", f"--image={skylift_image}", "--stop_timeout_s=10"]
    skylift(folder, "orchestrator", "register", "docker", "--flavor=local_docker", *options)
    skylift(folder, "artifact-store", "register", "here", f"--uri=file://{tmp_path}/store")
    skylift(folder, "stack", "register", "mine", "-o", "docker", "-a", "here")
    skylift(folder, "stack", "set", "mine")
    return folder


@pytest.fixture
def packages(image_packages: tuple[str, ...], pytestconfig: pytest.Config) -> Path:
    return make_wheels((*image_packages, *NEEDED), pytestconfig.cache.mkdir("skylift-digits-wheels"))


@pytest.fixture
def no_images_left(client: DockerClient) -> Iterator[None]:
    yield
    for name in client.images.tags("localhost/skylift-digits"):
        client.images.remove(name)


def test_the_example_makes_the_same_here_and_in_containers(
    make: Make,
    packages: Path,
    plain_image: str,
    no_images_left: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Data by its digest, models by what they predict: the bytes of a pickle may differ, and so may a PNG's."""
    monkeypatch.setattr(sys, "path", [str(EXAMPLE), *sys.path])
    digits: Any = __import__("pipeline").digits.with_options(enable_cache=False)
    docker = {"parent_image": plain_image, "requirements": list(NEEDED)}
    built = make(image=None, index=str(packages))
    here = run(digits.with_options(orchestrator="local"), trees=20)
    there = run(digits.with_options(orchestrator=built, settings={"docker": docker}), trees=20)

    assert there.status is Status.COMPLETED, there.reason
    assert there.flavor == "local_docker"
    images = here.steps["split"].outputs["test_images"].load()
    for name, step in here.steps.items():
        for output, made in step.outputs.items():
            other = there.steps[name].outputs[output]
            if output in {"model", "best"}:
                assert (made.load().predict(images) == other.load().predict(images)).all(), name
            elif output != "confusion":
                assert made.uri.rpartition("/")[2] == other.uri.rpartition("/")[2], f"{name}.{output}"


def test_four_steps_of_a_diamond_run_at_the_same_time(make: Make, tmp_path: Path) -> None:
    """Each waits until all have arrived: one after another would wait for ever."""
    folder = tmp_path / "four"
    folder.mkdir()
    for name in "abcd":
        for end in ("arrived", "go_on"):
            os.mkfifo(folder / f"{name}.{end}")

    def script() -> None:
        for name in "abcd":
            arrived(folder, name)
        for name in "abcd":
            release(folder, name)

    thread = beside(script)
    found = run(mounted(flows.wide, folder, make(max_parallelism=4)), folder=str(folder))
    thread.join()
    assert found.steps["total"].outputs["output"].load() == 4, found.reason


WAITS = """
import time
from skylift import pipeline, step

@step
def first() -> int:
    return 1

@step
def waits(value: int) -> None:
    print("it waits", flush=True)
    while True:
        time.sleep(1)

@pipeline
def waiting() -> None:
    waits(first())
"""


def started(project: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(Path(sys.executable).with_name("skylift")), *arguments],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def described(project: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(skylift(project, "runs", "describe", "last", "--output", "json"))
    return found["run"]


def test_a_run_whose_client_was_killed_is_watched_and_stopped_from_elsewhere(
    project: Path, client: DockerClient
) -> None:
    (project / "pipeline.py").write_text(WAITS)
    with started(project, "run", "pipeline.py") as process:
        assert process.stdout is not None
        assert any("waits | it waits" in line for line in process.stdout)
        process.send_signal(signal.SIGKILL)

    seen = described(project)
    assert seen["status"] == "running"
    assert seen["reason"] == "the process that coordinated it died; what it had started runs on"
    with started(project, "runs", "watch", "last") as watching:
        assert watching.stdout is not None
        assert any("waits: running" in line for line in watching.stdout)
        skylift(project, "runs", "stop", "last")
        assert any("waits: stopped" in line for line in watching.stdout)
    seen = described(project)
    steps = {one["step"]: one["status"] for one in seen["steps"]}
    assert steps["first"] == "completed"
    assert steps["waits"] == "stopped"
    assert seen["status"] in {"stopped", "failed"}
    assert client.containers({"skylift.run": seen["id"]}) == []


def left(client: DockerClient, temporary: Path) -> dict[str, set[str]]:
    """All that there is on the engine, and below the folder for temporary files."""
    import docker

    sdk = docker.DockerClient(client.host)
    api: Any = sdk.api
    try:
        return {
            "containers": {str(one.id) for one in sdk.containers.list(all=True)},
            "volumes": {str(one.id) for one in sdk.volumes.list()},
            "networks": {str(one["Id"]) for one in api.networks()},
            "images": {str(one.id) for one in sdk.images.list(all=True)},
            "files": {str(one) for one in temporary.rglob("*")},
        }
    finally:
        sdk.close()


@pytest.mark.timeout(600)
def test_nothing_is_left_after_fifty_runs(
    make: Make, client: DockerClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of every four, one completes, one fails, one uses more than its memory, and one ends its process."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    orchestrator, before = make(), left(client, temporary)
    found = [run(flows.several.with_options(orchestrator=orchestrator), number=n).status for n in range(50)]
    assert found.count(Status.COMPLETED) == 13
    assert found.count(Status.FAILED) == 37
    assert left(client, temporary) == before
    assert len(list(Client().runs())) == 50
