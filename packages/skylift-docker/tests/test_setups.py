"""Containers that set themselves up, in images that are odd each in a way of its own."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import skylift_docker_flows as flows
from skylift_docker_images import image_from
from skylift_docker_runs import arrived, beside, containers
from skylift_tests_support.wheels import make_wheel

from skylift import ResourceSettings
from skylift.client import Client
from skylift.config import DockerSettings
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import ConfigurationError, RunFailed, RunStopped
from skylift_docker.client import DockerClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from skylift.authoring.pipelines import PipelineFunction
    from skylift.models import PipelineRun
    from skylift_docker.orchestrator import DockerOrchestrator
    from skylift_testkit.docker.plugin import RunningEngine

    Make = Callable[..., DockerOrchestrator]


def copied(wheels: Path, folder: Path) -> Path:
    """An index with one package more."""
    shutil.copytree(wheels, folder, copy_function=os.link)
    make_wheel(folder, "own-top", "3.0")
    return folder


@pytest.fixture(scope="session")
def index(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(wheels, tmp_path_factory.mktemp("packages") / "index")


@pytest.fixture
def unused(wheels: Path, tmp_path: Path) -> Path:
    """An index from which no container has installed anything."""
    return copied(wheels, tmp_path / "index")


@pytest.fixture(scope="session")
def volume(docker_engine: RunningEngine) -> Iterator[str]:
    import docker

    name = f"skylift-tests-{os.getpid()}"
    yield name
    sdk = docker.DockerClient(docker_engine.host)
    sdk.volumes.get(name).remove()
    sdk.close()


@pytest.fixture
def at_start(make: Make, index: Path, volume: str) -> Make:
    """An orchestrator whose containers install what they need, from a folder of wheels."""

    def made(**options: Any) -> DockerOrchestrator:
        own = {"setup": "start", "index": str(index), "cache_volume": volume, "pull": "never"}
        return make(**{"image": None, **own, **options})

    return made


@pytest.fixture
def odd(client: DockerClient, plain_image: str) -> Iterator[Callable[..., str]]:
    """Makes an image of the plain one, by lines of a Dockerfile; it is gone at the test's end."""
    made: list[str] = []

    def make_one(*lines: str) -> str:
        made.append(image_from(client, plain_image, f"test-{len(made)}", *lines))
        return made[-1]

    yield make_one
    for name in made:
        client.images.remove(name)


def python(code: str) -> str:
    """A line that runs it in the image that is made."""
    import json

    return f"RUN {json.dumps(['python', '-c', code])}"


def other_pip(code: str) -> str:
    """A line that puts another module in the place of pip."""
    return python(
        f"import pathlib, pip; pathlib.Path(pip.__file__).with_name('__main__.py').write_text({code!r})"
    )


def run(
    orchestrator: DockerOrchestrator,
    image: str,
    pipeline: PipelineFunction = flows.named,
    docker: dict[str, Any] | None = None,
    **settings: Any,
) -> PipelineRun:
    asked = DockerSettings(parent_image=image, **(docker or {}))
    options = {"docker": asked, **{name: value for name, value in settings.items() if name != "own"}}
    options["orchestrator.local_docker"] = settings.get("own", {})
    with suppress(RunFailed, RunStopped):
        pipeline.with_options(orchestrator=orchestrator, enable_cache=False, settings=options)()
    return Client().run("last")


def test_python_and_pip_are_enough_and_the_next_container_finds_what_was_installed(
    at_start: Make, plain_image: str, unused: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    orchestrator, docker = at_start(index=str(unused)), {"requirements": ["own-top"]}
    first = run(orchestrator, plain_image, flows.with_requirements, docker)
    assert first.steps["installed"].outputs["output"].load() == 7, first.reason
    assert "installed | skylift: installing " in capsys.readouterr().out
    second = run(orchestrator, plain_image, flows.with_requirements, docker)
    assert second.status is Status.COMPLETED
    assert "installing" not in capsys.readouterr().out


def test_the_versions_are_found_at_submission_and_kept(at_start: Make, plain_image: str) -> None:
    found = run(at_start(), plain_image, flows.with_requirements, {"requirements": ["own-top"]})
    ((asked, lock),) = found.snapshot_of.locks.items()
    assert asked.splitlines()[-1] == "own-top"
    assert "own-top==3.0" in lock
    assert any(one.startswith("skylift-contract==") for one in lock)


def test_a_user_that_the_image_does_not_know(at_start: Make, plain_image: str, somebody: int) -> None:
    found = run(at_start(), plain_image, flows.owned)
    assert found.steps["own_user"].outputs["uid"].load() == somebody, found.reason


@pytest.mark.parametrize(
    "line", ["USER 4321:4321", 'ENTRYPOINT ["sleep", "1000"]', "WORKDIR /nowhere", "ENV PYTHONPATH=/nowhere"]
)
def test_what_an_image_would_do_by_itself_is_not_done(
    at_start: Make, odd: Callable[..., str], line: str
) -> None:
    assert run(at_start(), odd(line)).status is Status.COMPLETED


def test_a_root_that_is_read_only(at_start: Make, plain_image: str) -> None:
    found = run(at_start(), plain_image, own={"run_args": {"read_only": True, "tmpfs": {"/tmp": ""}}})
    assert found.status is Status.COMPLETED, found.reason
    with pytest.raises(ConfigurationError) as caught:
        run(at_start(), plain_image, own={"run_args": {"read_only": True}})
    assert str(caught.value) == (
        "step 'host_name', run_args: its root is read-only, and it has no /tmp, where your source is unpacked. "
        'Give it one in memory: run_args={"read_only": True, "tmpfs": {"/tmp": ""}}.'
    )


def refusal(orchestrator: DockerOrchestrator, image: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        run(orchestrator, image)
    assert list(Client().runs()) == []
    return str(caught.value)


def test_an_image_without_pip(at_start: Make, odd: Callable[..., str]) -> None:
    image = odd(python("import os, pip, shutil; shutil.rmtree(os.path.dirname(pip.__file__))"))
    assert refusal(at_start(), image) == (
        f"step 'host_name': image {image!r} has Python, and neither pip nor uv to install skylift and the step's "
        "requirements with. Put pip into it, or use an image that holds them."
    )


def test_an_image_with_another_python(at_start: Make, odd: Callable[..., str]) -> None:
    """One that says so of itself, for there is no other here."""
    says = "import sys; sys.version_info = (3, 9, 18, 'final', 0)"
    image = odd(
        python(
            f"import pip, pathlib as p; (p.Path(pip.__file__).parents[1] / 'sitecustomize.py').write_text({says!r})"
        )
    )
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert refusal(at_start(), image) == (
        f"step 'host_name': image {image!r} has Python 3.9, and this pipeline needs {here}. Use an image with Python "
        f"{here}, or submit with the image's own."
    )


def test_an_image_without_python(at_start: Make, odd: Callable[..., str]) -> None:
    image = odd("ENV PATH=/nowhere")
    assert refusal(at_start(), image).startswith(
        f"step 'host_name': image {image!r} has no program 'python' on its PATH that its user may run. "
    )


def test_what_cannot_be_installed_is_said_by_pip(
    at_start: Make, odd: Callable[..., str], unused: Path
) -> None:
    image = odd(other_pip("raise SystemExit('ERROR: no space is left')"))
    assert run(at_start(index=str(unused)), image).steps["host_name"].reason == (
        "its container ended with exit code 2: skylift: what the step needs could not be installed (exit code 1): "
        "ERROR: no space is left. Check its requirements, and the index that they are from."
    )


def test_more_memory_than_it_has_while_it_installs(
    at_start: Make, odd: Callable[..., str], unused: Path
) -> None:
    image = odd(other_pip("bytearray(b'x' * 300_000_000)"))
    found = run(at_start(index=str(unused)), image, resources=ResourceSettings(memory="80MB"))
    reason = found.steps["host_name"].reason
    assert reason.startswith("it used more than its memory of 80MB, and was killed (OOM)")


def test_a_stop_while_it_installs_is_a_stopped_attempt(
    at_start: Make, odd: Callable[..., str], folder: Path, unused: Path, client: DockerClient
) -> None:
    image = odd(other_pip(f"import signal; open({str(folder / 'a.arrived')!r}, 'w'); signal.pause()"))

    def script() -> None:
        arrived(folder, "a")
        for one in containers(client, Client().run("last")):
            client.stop(str(one["Id"]), 20)

    thread = beside(script)
    found = run(at_start(index=str(unused)), image, own={"mounts": [f"{folder}:{folder}"]})
    thread.join()
    assert found.steps["host_name"].status is Status.STOPPED
    assert found.status is Status.STOPPED


def test_what_needs_an_image_that_is_built(at_start: Make, plain_image: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        run(at_start(), plain_image, docker={"apt_packages": ["git"]})
    assert str(caught.value) == (
        "step 'host_name', DockerSettings: what it asks for needs an image that is built, and containers set "
        "themselves up here (got 'git'). Have images built: skylift orchestrator update NAME --setup=image; or "
        "name one that is ready: DockerSettings(image=…)."
    )


def test_variables_that_would_be_baked_in_are_set(at_start: Make, plain_image: str) -> None:
    found = run(at_start(), plain_image, flows.coloured, {"environment": {"COLOUR": "red"}})
    assert found.steps["colour"].outputs["output"].load() == "red", found.reason


def test_a_dynamic_pipeline_and_its_isolated_steps(at_start: Make, plain_image: str) -> None:
    found = run(at_start(), plain_image, flows.apart_with_requirements)
    assert found.status is Status.COMPLETED, found.reason
    assert found.steps["installed_apart"].outputs["output"].load() == 7
