"""The fixtures of the Docker Engine that tests run on.

`docker_engine`: the one that DOCKER_HOST names, else one that is started for the session and stopped
with it, which DOCKER_HOST names meanwhile: other processes of a test find it as people's do. Where
there can be none its tests fail, and say why; with SKYLIFT_WITHOUT_DOCKER="reason" they are left out,
and the summary says so.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from skylift_testkit.docker.registry import OwnRegistry

WITHOUT: Final = "SKYLIFT_WITHOUT_DOCKER"
FIXTURES: Final = frozenset({"docker_engine", "skylift_image", "plain_image", "container_registry"})
TIMEOUT_S: Final = 300
"""For a test that may be the first: it has an engine started, and an image made."""


@dataclass(frozen=True)
class RunningEngine:
    """`host`: its address, as DOCKER_HOST takes it."""

    host: str


@dataclass
class LeftOut:
    """Tests that were left out because there is no engine, for the summary."""

    reason: str
    tests: set[str] = field(default_factory=set[str])


LEFT_OUT: Final = pytest.StashKey[LeftOut]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "docker: it needs a Docker Engine; the kit marks what asks for one")
    config.stash[LEFT_OUT] = LeftOut(os.environ.get(WITHOUT, "").strip())


@pytest.hookimpl(tryfirst=True)  # before -m looks at the marks
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    has_timeout = config.pluginmanager.hasplugin("timeout")
    for item in items:
        if not FIXTURES.intersection(getattr(item, "fixturenames", ())):
            continue
        item.add_marker(pytest.mark.docker)
        if has_timeout and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(TIMEOUT_S))


def pytest_runtest_setup(item: pytest.Item) -> None:
    left_out = item.config.stash[LEFT_OUT]
    if left_out.reason and FIXTURES.intersection(getattr(item, "fixturenames", ())):
        left_out.tests.add(item.nodeid)
        pytest.skip(f"{WITHOUT}: {left_out.reason}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    left_out = config.stash[LEFT_OUT]
    if left_out.tests:
        terminalreporter.write_line(
            f"{len(left_out.tests)} tests on Docker were left out, as {WITHOUT} says: {left_out.reason}"
        )


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[RunningEngine]:
    from skylift_testkit.docker.api import Api, ApiError
    from skylift_testkit.docker.engine import NoEngine, OwnEngine

    if host := os.environ.get("DOCKER_HOST"):
        try:
            Api(host).ping()
        except ApiError as error:
            pytest.fail(refusal(str(error)), pytrace=False)
        yield RunningEngine(host)
        return
    try:
        engine = OwnEngine()
        engine.__enter__()
    except NoEngine as error:
        pytest.fail(refusal(str(error)), pytrace=False)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DOCKER_HOST", engine.host)
            yield RunningEngine(engine.host)
    finally:
        engine.__exit__()


def refusal(reason: str) -> str:
    return (
        f"these tests need a Docker Engine: {reason}. Name one that runs, DOCKER_HOST=unix:///…, or leave "
        f'them out and say why: {WITHOUT}="reason".'
    )


@pytest.fixture(scope="session")
def image_packages() -> tuple[str, ...]:
    """The distributions that the image holds, with what they need; override it to add a plugin."""
    return ("skylift", "skylift-contract")


@pytest.fixture(scope="session")
def skylift_image(
    docker_engine: RunningEngine, image_packages: tuple[str, ...], pytestconfig: pytest.Config
) -> str:
    """An image on the engine in which steps run, made of this Python and packages as they are here."""
    from skylift_testkit.docker.api import Api
    from skylift_testkit.docker.image import make_image

    return make_image(Api(docker_engine.host), image_packages, pytestconfig.cache.mkdir("skylift-image"))


@pytest.fixture(scope="session")
def plain_image(docker_engine: RunningEngine, pytestconfig: pytest.Config) -> str:
    """An image with this Python and pip, which must be installed here, and nothing of Skylift's."""
    from skylift_testkit.docker.api import Api
    from skylift_testkit.docker.image import make_image

    return make_image(Api(docker_engine.host), ("pip",), pytestconfig.cache.mkdir("skylift-plain-image"))


@pytest.fixture(scope="session")
def wheels(image_packages: tuple[str, ...], pytestconfig: pytest.Config) -> Path:
    """A folder of wheels: what `image_packages` names, and all that this needs, as it is here."""
    from skylift_testkit.docker.wheels import make_wheels

    return make_wheels(image_packages, pytestconfig.cache.mkdir("skylift-wheels"))


@pytest.fixture
def container_registry(docker_engine: RunningEngine) -> Iterator[OwnRegistry]:  # noqa: ARG001 -- of its machine
    """A registry on loopback, empty, which asks for a login."""
    from skylift_testkit.docker.registry import OwnRegistry

    with OwnRegistry() as registry:
        yield registry
