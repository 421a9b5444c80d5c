"""Images that several want at once, on a real engine."""

from __future__ import annotations

import io
import sys
import threading
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from skylift_docker_images import unnamed
from skylift_tests_support.wheels import make_wheel

from skylift.bootstrap.recipes import Recipe
from skylift_contract.errors import BackendError
from skylift_docker import building
from skylift_docker.building import Builder
from skylift_docker.client import DockerClient
from skylift_docker.config import DockerOrchestratorConfig
from skylift_docker.image_client import Images

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skylift_testkit.docker.plugin import RunningEngine


@pytest.fixture
def index(tmp_path: Path) -> Path:
    make_wheel(tmp_path, "own-top", "3.0")
    return tmp_path


def both(host: str, index: Path, recipe: Recipe) -> list[str]:
    """The image that each of two found who wanted it at the same time."""
    found: list[str] = []

    def want() -> None:
        with DockerClient(host) as client:
            config = DockerOrchestratorConfig.parse({"index": str(index)})
            found.append(
                Builder(client.images, config, "at-once").image(recipe, ("own-top==3.0",), "step 'a'")
            )

    threads = [threading.Thread(target=want) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.fixture
def clean(client: DockerClient) -> Iterator[None]:
    """What is left without a name at the end was left before."""
    before = unnamed(client)
    yield
    for tag in client.images.tags("localhost/skylift-at-once"):
        client.images.remove(tag)
    assert unnamed(client) == before


def test_it_is_built_once(
    docker_engine: RunningEngine,
    plain_image: str,
    index: Path,
    clean: None,
    client: DockerClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first build goes on when the other has said that it waits."""
    builds: list[str] = []
    waits, build = threading.Event(), Images.build

    class Heard(io.StringIO):
        def write(self, text: str, /) -> int:
            if text == "image | another process builds it; waiting for that\n":
                waits.set()
            return len(text)

    def noted(self: Images, context: bytes, tag: str, *rest: Any) -> Iterator[str]:
        builds.append(tag)
        waits.wait()
        return build(self, context, tag, *rest)

    monkeypatch.setattr(sys, "stdout", Heard())
    monkeypatch.setattr(Images, "build", noted)
    one, other = both(docker_engine.host, index, Recipe(plain_image, ()))
    assert one == other
    assert len(builds) == 1
    assert len(client.images.tags("localhost/skylift-at-once")) == 1


def test_of_two_builds_where_nobody_could_wait_the_first_is_kept(
    docker_engine: RunningEngine,
    plain_image: str,
    index: Path,
    clean: None,
    client: DockerClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As from two machines: neither sees the other's lock, and both find no image."""
    here, build, builds = threading.Barrier(2), Images.build, list[str]()

    def unlocked(*_: object) -> nullcontext[None]:
        return nullcontext()

    def together(self: Images, context: bytes, tag: str, *rest: Any) -> Iterator[str]:
        builds.append(tag)
        here.wait()
        return build(self, context, tag, *rest)

    monkeypatch.setattr(building, "one_at_a_time", unlocked)
    monkeypatch.setattr(Images, "build", together)
    found = both(docker_engine.host, index, Recipe(plain_image, (), environment=(("A", "b"),)))
    assert len(builds) == 2
    assert len(client.images.tags("localhost/skylift-at-once")) == 1
    assert client.images.inspect(found[0]).id == found[0]


def test_a_build_of_ones_own_dockerfile_that_fails_leaves_nothing(
    plain_image: str, tmp_path: Path, clean: None, client: DockerClient
) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM {plain_image}\nENV A=b\nRUN nothing-of-that-name\n")
    builder = Builder(client.images, DockerOrchestratorConfig(), "at-once", source=tmp_path)
    with pytest.raises(BackendError, match=r"cannot be built, at 'Step 3/3 : RUN nothing-of-that-name'"):
        builder.image(Recipe("", (), dockerfile="Dockerfile"), (), "step 'a'")
    assert client.images.has(plain_image)
