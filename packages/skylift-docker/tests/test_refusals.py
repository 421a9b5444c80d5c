"""What is refused before any container starts, each with a sentence that says what to do."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import skylift_docker_flows as flows

from skylift import ResourceSettings
from skylift.client import Client
from skylift.config import DockerSettings
from skylift_contract.errors import (
    AuthenticationError,
    BackendError,
    ConfigurationError,
    LimitExceeded,
    NotFound,
    RunFailed,
    SkyliftError,
    Transient,
)
from skylift_contract.stack import ArtifactStore, ContainerRegistry, Stack
from skylift_docker.client import DockerClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from skylift_docker.orchestrator import DockerOrchestrator

    Make = Callable[..., DockerOrchestrator]


@pytest.fixture(autouse=True)
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of containers that were made: there must be none."""
    found: list[str] = []
    create = DockerClient.create

    def noted(self: DockerClient, name: str, arguments: Any) -> str:
        found.append(name)
        return create(self, name, arguments)

    monkeypatch.setattr(DockerClient, "create", noted)
    return found


def refusal(make: Make, started: list[str], options: dict[str, Any], **settings: Any) -> SkyliftError:
    with pytest.raises(SkyliftError) as caught:
        flows.named.with_options(orchestrator=make(**options), settings=settings, enable_cache=False)()
    assert not isinstance(caught.value, RunFailed)
    assert started == []
    assert list(Client().runs()) == []
    return caught.value


def test_an_engine_that_is_not_there(make: Make, started: list[str]) -> None:
    error = refusal(make, started, {"docker_host": "unix:///nowhere/docker.sock"})
    assert type(error) is Transient
    assert str(error) == (
        "docker:GET /version: no Docker Engine answers at unix:///nowhere/docker.sock: [Errno 2] No such file or "
        "directory. Start Docker, or install it (docs.docker.com/engine/install); one that is elsewhere is named "
        "by DOCKER_HOST, or by the option --docker_host."
    )


def test_a_stack_is_valid_only_with_an_engine(make: Make) -> None:
    store = ArtifactStore("memory://")
    there, gone = make(), make(docker_host="unix:///nowhere/docker.sock")
    there.validate(Stack("tests", there, store))
    with pytest.raises(Transient, match=r"^docker:GET /version: no Docker Engine answers at "):
        gone.validate(Stack("tests", gone, store))


def test_an_image_that_is_nowhere(make: Make, started: list[str]) -> None:
    error = refusal(make, started, {"image": "localhost:1/no-such:1"})
    assert type(error) is ConfigurationError
    assert error.exit_code == 2, "as of a network, or a mount, that is not there"
    assert str(error).startswith(
        "docker:POST /images/create (localhost:1/no-such:1): image 'localhost:1/no-such:1' is not there, and "
        "cannot be pulled: "
    )
    assert str(error).endswith(" Check its name, or build it: docker build --tag … .")


def test_an_image_that_is_not_to_be_pulled(make: Make, started: list[str]) -> None:
    error = refusal(make, started, {"image": "localhost:1/no-such:1", "pull": "never"})
    assert str(error) == (
        "docker:GET /images: image 'localhost:1/no-such:1' is not on the Docker Engine, and is not to be pulled. "
        "Pull it (docker pull), or set --pull=missing."
    )


@pytest.fixture
def registry() -> Iterator[str]:
    """One that lets nobody in; engines speak plain HTTP to registries on loopback."""

    class Refuses(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(401)
            self.send_header("Www-Authenticate", 'Basic realm="tests"')
            self.end_headers()
            self.wfile.write(b'{"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}')

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base names it so
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refuses)
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_registry_that_refuses(make: Make, started: list[str], registry: str) -> None:
    error = refusal(make, started, {"image": f"{registry}/private:1"})
    assert isinstance(error, AuthenticationError)
    assert str(error).startswith(f"docker:POST /images/create ({registry}/private:1): ")
    assert str(error).endswith(" Log in to the registry: docker login REGISTRY.")


def test_a_registry_that_refuses_what_is_built(
    make: Make, started: list[str], registry: str, plain_image: str, wheels: Path, store: str
) -> None:
    orchestrator = make(image=plain_image, index=str(wheels))
    stack = Stack("tests", orchestrator, ArtifactStore(store), ContainerRegistry(f"{registry}/team"))
    docker = DockerSettings(parent_image=plain_image)
    with pytest.raises(AuthenticationError, match=r" Log in to the registry: docker login REGISTRY\.$"):
        flows.named.with_options(stack=stack, settings={"docker": docker}, enable_cache=False)()
    assert started == []


def test_less_memory_than_an_engine_gives(make: Make, started: list[str]) -> None:
    error = refusal(make, started, {}, resources=ResourceSettings(memory="4MB"))
    assert isinstance(error, LimitExceeded)
    assert str(error) == (
        "step 'host_name', memory: it is below the limit (got 4000000, limit: at least 6291456 bytes of memory). "
        "Give 6291456 to 9223372036854775807 bytes of memory "
        "(docs.docker.com/engine/containers/resource_constraints)."
    )


@pytest.mark.parametrize(
    ("resources", "lacking"),
    [
        (ResourceSettings(cpu_count=10_000), r"\d+ CPUs \(10000 asked\)"),
        (ResourceSettings(memory="1PB"), r"[\d.]+ GiB of memory \(1PB asked\)"),
    ],
)
def test_more_than_the_engines_machine_has(
    make: Make, started: list[str], resources: ResourceSettings, lacking: str
) -> None:
    import re

    error = refusal(make, started, {}, resources=resources)
    assert re.fullmatch(
        rf"step 'host_name': the Docker Engine's machine has only {lacking}\. Ask for less, give Docker more of "
        r"its machine, or choose a flavor with larger ones\.",
        str(error),
    )


def test_a_mount_whose_source_is_not_there(make: Make, started: list[str], tmp_path: Path) -> None:
    source = f"{tmp_path}/nowhere"
    error = refusal(make, started, {}, **{"orchestrator.local_docker": {"mounts": [f"{source}:/data:ro"]}})
    assert str(error) == (
        f"step 'host_name', mounts: there is no such file or folder to mount (got {source!r}). Make it, or "
        "correct the path."
    )


def test_a_store_in_memory(make: Make, started: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYLIFT_STORE_URI", "memory://tests")
    error = refusal(make, started, {})
    assert str(error) == (
        "flavor 'local_docker', artifact store: steps run in containers, which cannot see a store in memory (got "
        "'memory://tests'). Use a file:// store, or one on s3://, gs:// or az://."
    )


def test_an_engine_that_this_user_may_not_use(
    make: Make, started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may connect to everything: its socket says what another's would."""
    import socket

    def refuses(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "connect", refuses)
    error = refusal(make, started, {"docker_host": "unix:///var/run/docker.sock"})
    assert str(error) == (
        "docker:GET /version: this user may not use the Docker Engine at unix:///var/run/docker.sock. Join its "
        "group (sudo usermod -aG docker $USER, and log in anew), or set DOCKER_HOST."
    )


def test_a_network_that_is_not_there(make: Make, started: list[str]) -> None:
    error = refusal(make, started, {"network": "nowhere"})
    assert str(error) == (
        "step 'host_name', network: the Docker Engine has no such network (got 'nowhere'). Make it: docker network "
        "create nowhere; or correct its name."
    )


def test_everything_is_refused_at_once_and_nothing_is_stored(
    make: Make, started: list[str], tmp_path: Path, store: str
) -> None:
    gone = f"{tmp_path}/gone"
    own = {"mounts": [f"{gone}:/data"], "network": "nowhere", "user": "bob"}
    resources = ResourceSettings(cpu_count=10_000)
    error = refusal(make, started, {}, resources=resources, **{"orchestrator.local_docker": own})
    assert isinstance(error, ConfigurationError)
    first, *reasons = str(error).splitlines()
    assert first == "flavor 'local_docker': it cannot run this pipeline, for 4 reasons:"
    assert [one.partition(": ")[0] for one in reasons] == [
        "- step 'host_name'",
        "- step 'host_name', mounts",
        "- step 'host_name', network",
        "- step 'host_name'",
    ]
    assert "has only" in reasons[0]
    assert f"there is no such file or folder to mount (got {gone!r}). Make it, or correct" in reasons[1]
    assert " does not know whom its container is to run as, 'bob'. Write numbers, " in reasons[3]
    assert [one for one in Path(store.removeprefix("file://")).rglob("*") if one.is_file()] == []


def test_an_error_of_the_engine_is_the_contracts(client: DockerClient) -> None:
    with pytest.raises(BackendError, match=r"^docker:POST /containers/create: .+ \[400\]\.$"):
        client.create("skylift-tests-bad", {"image": "x", "mem_limit": 1, "command": []})
    with pytest.raises(
        NotFound, match=r"^docker:GET /containers/nowhere/json: No such container: nowhere \[404\]\.$"
    ):
        client.inspect("nowhere")
    client.remove("nowhere")  # is no error


def test_an_address_that_needs_another_package() -> None:
    try:
        import paramiko  # pyright: ignore  # noqa: F401, PGH003
    except ImportError:
        with pytest.raises(ConfigurationError, match=r"an engine behind ssh:// needs a further package"):
            DockerClient("ssh://nobody@localhost")
