"""Images that are built on a real engine, and pushed to a real registry."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import skylift_docker_flows as flows
from skylift_docker_images import image_from, unnamed
from skylift_docker_runs import run as finished
from skylift_tests_support.wheels import make_wheel

from skylift.bootstrap.recipes import Recipe
from skylift.config import DockerSettings
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import AuthenticationError, BackendError, ConfigurationError, NotFound
from skylift_contract.stack import ArtifactStore, ContainerRegistry, Stack
from skylift_docker.building import Builder
from skylift_docker.client import DockerClient
from skylift_docker.config import DockerOrchestratorConfig
from skylift_docker.image_client import Images
from skylift_testkit.docker.registry import PASSWORD, USER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from skylift.models import PipelineRun
    from skylift_docker.orchestrator import DockerOrchestrator
    from skylift_testkit.docker.registry import OwnRegistry

    Make = Callable[..., DockerOrchestrator]


@pytest.fixture
def index(wheels: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "index"
    shutil.copytree(wheels, folder, copy_function=os.link)
    make_wheel(folder, "own-top", "3.0")
    return folder


@pytest.fixture
def built(client: DockerClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The names that images were built under; they are gone at the test's end."""
    names: list[str] = []
    build = Images.build

    def noted(self: Images, context: bytes, tag: str, *rest: Any) -> Iterator[str]:
        if found := re.fullmatch(r"(.+:[0-9a-f]{24})-[0-9a-f]{8}", tag):
            names.append(found[1])
        return build(self, context, tag, *rest)

    monkeypatch.setattr(Images, "build", noted)
    yield names
    for name in names:
        client.images.remove(name)


def run(
    orchestrator: Any, pipeline: Any = flows.named, stack: Stack | None = None, **docker: Any
) -> PipelineRun:
    settings = {"docker": DockerSettings(**docker)} if docker else {}
    where = {"stack": stack} if stack else {"orchestrator": orchestrator}
    return finished(pipeline.with_options(enable_cache=False, settings=settings, **where))


def test_it_is_built_once_and_the_run_says_which(
    make: Make,
    index: Path,
    plain_image: str,
    built: list[str],
    capsys: pytest.CaptureFixture[str],
    client: DockerClient,
) -> None:
    orchestrator = make(image=plain_image, index=str(index))
    found = run(orchestrator, flows.two_installed, requirements=["own-top"], environment={"COLOUR": "red"})
    assert found.status is Status.COMPLETED, found.reason
    assert found.steps["installed"].outputs["output"].load() == 7
    assert found.steps["colour"].outputs["output"].load() == "red"
    (name,) = built
    assert set(found.snapshot_of.images.values()) == {client.images.inspect(name).id}
    assert "image | Step 1/" in capsys.readouterr().out

    again = run(orchestrator, flows.two_installed, requirements=["own-top"], environment={"COLOUR": "red"})
    assert again.snapshot_of.images == found.snapshot_of.images
    nobodys = make(image=plain_image, index=str(index), user="nobody-here")
    with pytest.raises(ConfigurationError, match=r"^step 'installed', step 'colour': .*'nobody-here'\. "):
        run(nobodys, flows.two_installed, requirements=["own-top"], environment={"COLOUR": "red"})
    assert built == [name]


def test_what_else_comes_into_the_index_builds_nothing_anew(
    make: Make, index: Path, plain_image: str, built: list[str]
) -> None:
    for extra in ("own-other", "own-further"):
        run(make(image=plain_image, index=str(index)), flows.with_requirements, requirements=["own-top"])
        make_wheel(index, extra, "1.0")
    assert len(built) == 1


def test_the_layers_of_what_did_not_change_are_kept(
    make: Make, index: Path, plain_image: str, built: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for colour in ("red", "green"):
        capsys.readouterr()
        found = run(make(image=plain_image, index=str(index)), flows.coloured, environment={"COLOUR": colour})
        assert found.steps["colour"].outputs["output"].load() == colour
    assert len(built) == 2
    assert "Using cache" in capsys.readouterr().out.partition(" : RUN ")[2]


def test_values_of_variables_are_as_they_were_written(
    make: Make, index: Path, plain_image: str, built: list[str]
) -> None:
    value = 'a "b" $HOME \\n \' # ${x} é'
    found = run(make(image=plain_image, index=str(index)), flows.coloured, environment={"COLOUR": value})
    assert found.steps["colour"].outputs["output"].load() == value


def test_a_parents_user_stays_its_own_and_pip_does_not_warn_of_its_path(
    make: Make,
    index: Path,
    plain_image: str,
    built: list[str],
    client: DockerClient,
    capsys: pytest.CaptureFixture[str],
) -> None:
    link = "import os; os.mkdir('/own'); os.symlink('/usr/bin/python', '/own/python')"
    lines = (f"RUN {json.dumps(['python', '-c', link])}", "ENV PATH=/own", "USER 4321:4321")
    parent = image_from(client, plain_image, "user", *lines)
    try:
        found = run(make(index=str(index)), parent_image=parent)
        assert found.status is Status.COMPLETED, found.reason
        assert client.images.inspect(built[0]).user == "4321:4321"
        printed = capsys.readouterr().out
        assert "image | Successfully installed" in printed
        assert "WARNING" not in printed
    finally:
        client.images.remove(built[0])
        client.images.remove(parent)


def test_a_build_that_fails_shows_where_and_why(
    make: Make, index: Path, client: DockerClient, plain_image: str
) -> None:
    parent = image_from(
        client, plain_image, "no-pip", 'RUN ["python", "-c", "import os, pip; os.remove(pip.__file__)"]'
    )
    before = unnamed(client)
    try:
        with pytest.raises(BackendError) as caught:
            run(make(index=str(index), image=parent), requirements=["own-top"])
        assert unnamed(client) == before
    finally:
        client.images.remove(parent)
    sentence = str(caught.value)
    assert sentence.startswith(
        'docker:POST /build: the image of step \'host_name\' cannot be built, at \'Step 5/5 : RUN ["python", "-m", "pip"'
    )
    assert "returned a non-zero code: 1" in sentence
    assert sentence.endswith("Correct its DockerSettings; all that the build said is above.")


def test_packages_of_debian_are_asked_for_before_what_pip_installs(
    make: Make, index: Path, plain_image: str
) -> None:
    """The image has no apt-get: its shell says so, and the instruction stands in the sentence."""
    with pytest.raises(BackendError) as caught:
        run(make(index=str(index), image=plain_image), apt_packages=["git", "curl"])
    asked = "apt-get update && apt-get install --yes --no-install-recommends curl git"
    assert f"step 'host_name' cannot be built, at 'Step 2/6 : RUN {asked} && rm " in str(caught.value)
    assert "apt-get: not found" in str(caught.value)


def test_a_dockerfile_that_is_not_there(make: Make, index: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        run(make(index=str(index)), dockerfile="nowhere/Dockerfile")
    assert str(caught.value) == (
        "step 'host_name', DockerSettings.dockerfile: there is no such path in the source (got "
        "'nowhere/Dockerfile'). Paths are relative to the root of the source."
    )


def test_a_parent_that_is_nowhere(make: Make, index: Path) -> None:
    with pytest.raises(NotFound, match=r"image 'localhost:1/no-such:1' is not there, and cannot be pulled: "):
        run(make(index=str(index)), parent_image="localhost:1/no-such:1")


def test_a_dynamic_pipelines_isolated_steps_have_images_of_their_own(
    make: Make, index: Path, plain_image: str, built: list[str], client: DockerClient
) -> None:
    """That of the function is built here, and that of the step in its container."""
    found = run(
        make(image=plain_image, index=str(index)), flows.apart_with_requirements, environment={"A": "b"}
    )
    assert found.status is Status.COMPLETED, found.reason
    assert found.steps["installed_apart"].outputs["output"].load() == 7
    repository = built[0].rpartition(":")[0]
    for tag in client.images.tags(repository):
        client.images.remove(tag)


@pytest.fixture
def login(container_registry: OwnRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Docker's own file of logins, with this registry's."""
    (tmp_path / "docker").mkdir()
    file = tmp_path / "docker" / "config.json"
    token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    file.write_text(json.dumps({"auths": {container_registry.address: {"auth": token}}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(file.parent))
    return file


def stack_with(orchestrator: Any, store: str, registry: OwnRegistry) -> Stack:
    return Stack("tests", orchestrator, ArtifactStore(store), ContainerRegistry(f"{registry.address}/team"))


def test_it_is_pushed_and_found_there_by_whoever_comes_next(
    make: Make,
    index: Path,
    plain_image: str,
    built: list[str],
    client: DockerClient,
    store: str,
    container_registry: OwnRegistry,
    login: Path,
) -> None:
    orchestrator = make(image=plain_image, index=str(index), run_args={"hostname": "own"})
    stack = stack_with(orchestrator, store, container_registry)
    found = run(None, flows.with_requirements, stack, requirements=["own-top"])
    assert found.status is Status.COMPLETED, found.reason
    (image,) = found.snapshot_of.images.values()
    assert image.startswith(f"{container_registry.address}/team/skylift-")
    assert "@sha256:" in image
    client.images.remove(built[0])
    client.images.remove(image)

    again = run(None, flows.with_requirements, stack, requirements=["own-top"])
    assert again.status is Status.COMPLETED, again.reason
    assert again.snapshot_of.images == found.snapshot_of.images
    assert len(built) == 1
    client.images.remove(image)


def test_a_registry_that_refuses_the_login(
    make: Make,
    index: Path,
    plain_image: str,
    store: str,
    container_registry: OwnRegistry,
    login: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    login.write_text("{}")

    def never(*_: object) -> str:
        raise AssertionError("a container was made")

    monkeypatch.setattr(DockerClient, "create", never)
    stack = stack_with(make(image=plain_image, index=str(index)), store, container_registry)
    with pytest.raises(AuthenticationError) as caught:
        run(None, flows.with_requirements, stack, requirements=["own-top"])
    assert str(caught.value).endswith("Log in to the registry: docker login REGISTRY.")


def test_a_dockerfile_where_the_source_is_not_at_hand(client: DockerClient) -> None:
    """As in the container of a dynamic pipeline's function."""
    builder = Builder(client.images, DockerOrchestratorConfig(), "tests")
    with pytest.raises(ConfigurationError) as caught:
        builder.image(Recipe("", (), dockerfile="Dockerfile"), (), "step 'a'")
    assert str(caught.value) == (
        "step 'a', DockerSettings.build_context: there is no such path in the source, which is not at hand (got "
        "'.'). Paths are relative to the root of the source."
    )
