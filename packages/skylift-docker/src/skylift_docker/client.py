"""The only file that imports Docker's SDK: one method per call of the engine, its errors the contract's."""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Self, cast

from skylift_contract.errors import (
    AuthenticationError,
    BackendError,
    ConfigurationError,
    NotFound,
    PermissionDenied,
    Transient,
)
from skylift_docker.resources import Engine

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from docker import DockerClient as SdkClient
    from docker.errors import APIError

CONNECTIONS: Final = 64
"""Kept open at once: each running container is waited for, and its output followed."""

DEFAULT_HOST: Final = "unix:///var/run/docker.sock"

UNIX: Final = "unix://"

_BY_CODE: Final[Mapping[int, type[BackendError]]] = {
    401: AuthenticationError,
    403: PermissionDenied,
    404: NotFound,
    503: Transient,
}

_NO_LOGIN: Final = ("unauthorized", "authentication required", "no basic auth", "access denied", "denied:")
"""What registries say, lower-cased, which an engine passes on with a code of its own."""


def engine_host(configured: str | None) -> str:
    """The address of the engine: as configured, of DOCKER_HOST, else of the current docker context."""
    if found := configured or os.environ.get("DOCKER_HOST"):
        return found
    from docker.context import ContextAPI
    from docker.errors import ContextException

    try:
        context = ContextAPI.get_current_context()
    except (ContextException, OSError, ValueError):
        return DEFAULT_HOST
    return str(getattr(context, "Host", None) or DEFAULT_HOST)


class DockerClient:
    """One engine, from `with` to its end; its methods may be called in several threads.

    Args:
        host: The engine's address.
        timeout_s: Seconds that one call may take; waiting for a container takes as long as it runs.

    Raises `ConfigurationError` for an address that cannot be, `PermissionDenied` where this user
    may not use the engine, and `Transient` where none answers; each says the fix.
    """

    def __init__(self, host: str, timeout_s: int = 60) -> None:
        self.host, self._timeout_s = host, timeout_s
        self._sdk = self._connected()

    def _connected(self) -> SdkClient:
        import docker
        from docker.errors import DockerException
        from docker.tls import TLSConfig
        from docker.utils import kwargs_from_env

        try:
            _knock(self.host)
            given = kwargs_from_env()
            given["base_url"] = self.host
            if not isinstance(given.get("tls"), TLSConfig):
                given.pop("tls", None)
            return docker.DockerClient(
                version="auto",
                timeout=self._timeout_s,
                max_pool_size=CONNECTIONS,
                **given,  # pyright: ignore[reportArgumentType] -- made from the environment
            )
        except (DockerException, OSError) as error:
            raise _no_engine(self.host, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._sdk.close()

    @property
    def _api(self) -> Any:
        """The SDK's lower half, one method per call."""
        return self._sdk.api

    def engine(self) -> Engine:
        with _guarded("GET /info"):
            info: dict[str, Any] = cast("Any", self._sdk).info()
        options: list[str] = info.get("SecurityOptions") or []
        return Engine(
            cpus=int(info["NCPU"]),
            memory_bytes=int(info["MemTotal"]),
            is_rootless=any("rootless" in option for option in options),
        )

    def has_image(self, image: str) -> bool:
        try:
            with _guarded(f"GET /images/{image}/json"):
                self._sdk.images.get(image)
        except NotFound:
            return False
        return True

    def pull(self, image: str, platform: str | None = None) -> None:
        """Raises `AuthenticationError` where its registry refuses, `NotFound` where it has no such image."""
        name, tag = _parted(image)
        try:
            with _guarded(f"POST /images/create ({image})"):
                self._sdk.images.pull(name, tag=tag, platform=platform)
        except AuthenticationError:
            raise
        except BackendError as error:
            raise _not_pulled(image, error) from error

    def create(self, name: str, arguments: Mapping[str, Any]) -> str:
        """Make a container, and return its id."""
        with _guarded("POST /containers/create"):
            return str(self._sdk.containers.create(name=name, **arguments).id)

    def start(self, container: str) -> None:
        with _guarded(f"POST /containers/{container[:12]}/start"):
            self._api.start(container)

    def wait(self, container: str, seconds: float | None = None) -> bool:
        """Block until it has ended, or for so many seconds; whether it has."""
        import requests

        with _guarded(f"POST /containers/{container[:12]}/wait"):
            try:
                self._api.wait(container, timeout=seconds)
            except (requests.exceptions.ReadTimeout, requests.exceptions.ConnectionError) as error:
                if seconds is not None and "timed out" in str(error).lower():
                    return False
                raise
        return True

    def inspect(self, container: str) -> dict[str, Any]:
        """Raises `NotFound` for one that is not there any more."""
        with _guarded(f"GET /containers/{container[:12]}/json"):
            found: dict[str, Any] = self._api.inspect_container(container)
        return found

    def containers(self, labels: Mapping[str, str]) -> list[dict[str, Any]]:
        """Containers with all of these labels, running or not, each as `inspect` has it."""
        wanted = {"label": [f"{name}={value}" for name, value in labels.items()]}
        with _guarded("GET /containers/json"):
            listed: list[dict[str, Any]] = self._api.containers(all=True, filters=wanted)
        found: list[dict[str, Any]] = []
        for one in listed:
            try:
                found.append(self.inspect(str(one["Id"])))
            except NotFound:
                continue
        return found

    def logs(self, container: str, *, follow: bool) -> Iterator[bytes]:
        """What it printed on both streams, in pieces as they come; `follow` goes on until it ends."""
        with _guarded(f"GET /containers/{container[:12]}/logs"):
            pieces: Any = self._api.logs(container, stdout=True, stderr=True, stream=True, follow=follow)
            try:
                yield from pieces
            finally:
                pieces.close()

    def stop(self, container: str, grace_s: int) -> None:
        """SIGTERM, and SIGKILL after so many seconds; returns when it has ended."""
        with _guarded(f"POST /containers/{container[:12]}/stop"):
            self._api.stop(container, timeout=grace_s)

    def remove(self, container: str) -> None:
        """Remove it with its anonymous volumes, by force; one that is gone is no error."""
        try:
            with _guarded(f"DELETE /containers/{container[:12]}"):
                self._api.remove_container(container, v=True, force=True)
        except NotFound:
            return
        except BackendError as error:
            if error.code != "409":  # somebody else is removing it
                raise


def _knock(host: str) -> None:
    """Raise `OSError` where nobody listens on a socket: the SDK would say so, and leave its end open."""
    if not host.startswith(UNIX):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knocking:
        knocking.connect(host.removeprefix(UNIX))


@contextmanager
def _guarded(operation: str) -> Generator[None]:
    """Raise the contract's errors for the SDK's."""
    import requests
    from docker.errors import APIError, DockerException

    named = f"docker:{operation}"
    try:
        yield
    except APIError as error:
        raise _refusal(error, named) from error
    except requests.exceptions.RequestException as error:
        raise Transient(f"the Docker Engine does not answer: {error}", operation=named) from error
    except DockerException as error:
        raise BackendError(str(error), operation=named) from error


def _refusal(error: APIError, operation: str) -> BackendError:
    code = int(getattr(error, "status_code", None) or 0)
    said = str(error.explanation or error).strip().rstrip(".")
    kind = _BY_CODE.get(code, BackendError)
    if kind is not AuthenticationError and any(words in said.lower() for words in _NO_LOGIN):
        kind = AuthenticationError
    fix = "Log in to the registry: docker login REGISTRY." if kind is AuthenticationError else ""
    return kind(said, operation=operation, code=str(code) if code else "", fix=fix)


def _not_pulled(image: str, error: BackendError) -> BackendError:
    kind = type(error) if isinstance(error, Transient) else NotFound
    return kind(
        f"image {image!r} is not there, and cannot be pulled: {error.what}",
        operation=error.operation,
        fix="Check its name, or build it: docker build --tag … .",
    )


def _no_engine(host: str, error: Exception) -> BackendError | ConfigurationError:
    cause: BaseException = error
    while (deeper := cause.__cause__ or cause.__context__) is not None:
        cause = deeper
    if isinstance(cause, PermissionError):
        return PermissionDenied(
            f"this user may not use the Docker Engine at {host}",
            operation="docker:GET /version",
            fix="Join its group (sudo usermod -aG docker $USER, and log in anew), or set DOCKER_HOST.",
        )
    if "paramiko" in str(error) or isinstance(cause, ImportError):
        return ConfigurationError(
            "an engine behind ssh:// needs a further package",
            who="docker_host",
            value=host,
            fix="pip install 'docker[ssh]'",
        )
    return Transient(
        f"no Docker Engine answers at {host}: {str(cause).strip() or type(cause).__name__}",
        operation="docker:GET /version",
        fix="Start Docker, or install it (docs.docker.com/engine/install); one that is elsewhere is named by "
        "DOCKER_HOST, or by the option --docker_host.",
    )


def _parted(image: str) -> tuple[str, str]:
    """An image's name, and its tag or digest; an engine that is given no tag would pull them all."""
    from docker.utils import parse_repository_tag

    name, tag = parse_repository_tag(image)
    return name, tag or "latest"
