"""As people type it: registered, validated, run and looked at, in a project of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from skylift_docker.client import DockerClient
    from skylift_testkit.docker.plugin import RunningEngine

PIPELINE = """
from pathlib import Path
from skylift import pipeline, step

@step
def reads() -> str:
    return (Path(__file__).parent / "words.txt").read_text()

@step
def counts(text: str) -> int:
    print(f"counting {text!r}")
    return len(text.split())

@pipeline
def words() -> None:
    counts(reads())
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pipeline.py").write_text(PIPELINE)
    (folder / "words.txt").write_text("two words")
    return folder


def typed(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [str(Path(sys.executable).with_name("skylift")), *arguments]
    return subprocess.run(argv, cwd=project, capture_output=True, text=True, check=False)


def ok(project: Path, *arguments: str) -> str:
    done = typed(project, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_project_in_containers(project: Path, docker_engine: RunningEngine, skylift_image: str) -> None:
    ok(project, "init", "--name", "mine")
    options = [f"--docker_host={docker_engine.host}", f"--image={skylift_image}", "--max_parallelism=2"]
    ok(project, "orchestrator", "register", "docker", "--flavor=local_docker", *options)
    ok(project, "artifact-store", "register", "here", f"--uri=file://{project}/store")
    ok(project, "stack", "register", "mine", "-o", "docker", "-a", "here")
    ok(project, "stack", "set", "mine")
    ok(project, "stack", "validate")

    done = typed(project, "run", "pipeline.py")
    assert done.returncode == 0, done.stderr
    assert "counts | counting 'two words'\n" in done.stdout
    found = json.loads(ok(project, "runs", "describe", "last", "--output", "json"))
    assert "completed" in json.dumps(found)
    assert ok(project, "runs", "logs", "last", "counts") == "counting 'two words'\n"


def test_a_dockerfile_of_the_project(
    project: Path, docker_engine: RunningEngine, plain_image: str, wheels: Path, client: DockerClient
) -> None:
    """Its steps are in an image that stands on that one."""
    (project / "images").mkdir()
    (project / "images" / "own.docker").write_text(
        f"FROM {plain_image}\nCOPY colour.txt /colour.txt\nENV COLOUR=blue\n"
    )
    (project / "images" / "colour.txt").write_text("light")
    (project / "pipeline.py").write_text(OWN_DOCKERFILE)
    ok(project, "init", "--name", "dockerfile")
    options = [f"--docker_host={docker_engine.host}", f"--index={wheels}"]
    ok(project, "orchestrator", "register", "docker", "--flavor=local_docker", *options)
    ok(project, "artifact-store", "register", "here", f"--uri=file://{project}/store")
    ok(project, "stack", "register", "mine", "-o", "docker", "-a", "here")
    try:
        printed = ok(project, "run", "pipeline.py", "--stack", "mine")
        assert "image | Step 2/3 : COPY colour.txt /colour.txt\n" in printed
        assert "reads | light blue\n" in printed
    finally:
        for name in client.images.tags("localhost/skylift-dockerfile"):
            client.images.remove(name)


OWN_DOCKERFILE = """
import os
from pathlib import Path
from skylift import pipeline, step
from skylift.config import DockerSettings

@step
def reads() -> None:
    print(Path("/colour.txt").read_text(), os.environ["COLOUR"])

@pipeline(settings={"docker": DockerSettings(dockerfile="images/own.docker", build_context="images")})
def own() -> None:
    reads()
"""


def test_it_cannot_run_without_its_process(project: Path, skylift_image: str) -> None:
    ok(project, "init", "--name", "mine")
    ok(project, "orchestrator", "register", "docker", "--flavor=local_docker", f"--image={skylift_image}")
    done = typed(project, "run", "pipeline.py", "--orchestrator", "docker", "--no-wait")
    assert done.returncode == 2
    assert (
        "--no-wait: orchestrator 'docker' runs in this process, which has to stay for it. Leave it out."
        in " ".join(done.stderr.split())
    )


def test_it_compiles_without_an_engine(project: Path) -> None:
    ok(project, "init", "--name", "mine")
    ok(
        project,
        *("orchestrator", "register", "docker", "--flavor=local_docker", "--image=own:1"),
        "--docker_host=unix:///nowhere/docker.sock",
    )
    ok(project, "compile", "pipeline.py", "--orchestrator", "docker", "-o", "out")
    (document,) = (project / "out").rglob("containers.json")
    assert set(json.loads(document.read_bytes())["containers"]) == {"reads", "counts"}


def test_an_option_that_cannot_be_is_refused_at_registration(project: Path) -> None:
    ok(project, "init", "--name", "mine")
    done = typed(project, "orchestrator", "register", "docker", "--flavor=local_docker", "--pull=sometimes")
    assert done.returncode == 2
    assert "pull" in done.stderr
