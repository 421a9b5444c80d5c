"""Docker's SDK, which only this and `image_client` use: one method per call, its errors the contract's."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any, Final, Self, cast

from skylift_contract.errors import BackendError, NotFound
from skylift_docker.image_client import Images
from skylift_docker.resources import Engine
from skylift_docker.sdk_errors import guarded, no_engine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from docker import DockerClient as SdkClient

CONNECTIONS: Final = 64
"""Kept open at once: each running container is waited for, and its output followed."""

ABSENT: Final = "N/A"
"""What an engine says of a program that it has not found, as the commit that it was built of."""

DEFAULT_HOST: Final = "unix:///var/run/docker.sock"

UNIX: Final = "unix://"


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
        self.images = Images(self._sdk)

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
            raise no_engine(self.host, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._sdk.close()

    @property
    def _api(self) -> Any:
        """The SDK's lower half, one method per call."""
        return self._sdk.api

    def engine(self) -> Engine:
        with guarded("GET /info"):
            info: dict[str, Any] = cast("Any", self._sdk).info()
        options: list[str] = info.get("SecurityOptions") or []
        return Engine(
            cpus=int(info["NCPU"]),
            memory_bytes=int(info["MemTotal"]),
            is_rootless=any("rootless" in option for option in options),
            has_init=(info.get("InitCommit") or {"ID": ABSENT})["ID"] != ABSENT,
            id=str(info.get("ID") or ""),
        )

    @property
    def platform(self) -> str:
        """What images it runs by itself: `linux/amd64`."""
        with guarded("GET /version"):
            found: dict[str, Any] = cast("Any", self._sdk).version()
        return f"{found['Os']}/{found['Arch']}"

    def networks(self) -> list[str]:
        """Names and ids."""
        with guarded("GET /networks"):
            found: list[dict[str, Any]] = self._api.networks()
        return [str(one[key]) for key in ("Name", "Id") for one in found]

    def volumes(self) -> list[str]:
        """Names."""
        with guarded("GET /volumes"):
            found: dict[str, Any] = self._api.volumes()
        return [str(one["Name"]) for one in found.get("Volumes") or ()]

    def output_of(self, arguments: Mapping[str, Any]) -> str:
        """What a container printed that was made, ran to its end, and is gone."""
        with guarded("POST /containers/create"):
            container = str(self._sdk.containers.create(**arguments).id)
        try:
            self.start(container)
            self.wait(container)
            return b"".join(self.logs(container, follow=False)).decode(errors="replace")
        finally:
            self.remove(container)

    def create(self, name: str, arguments: Mapping[str, Any]) -> str:
        """Make a container, and return its id."""
        with guarded("POST /containers/create"):
            return str(self._sdk.containers.create(name=name, **arguments).id)

    def open_to_all(self, container: str, folder: str) -> None:
        """Let everybody make files of their own in a folder of a container that has not started."""
        import io
        import tarfile

        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            itself = tarfile.TarInfo(".")
            itself.type, itself.mode = tarfile.DIRTYPE, 0o1777
            tar.addfile(itself)
        with guarded(f"PUT /containers/{container[:12]}/archive"):
            self._api.put_archive(container, folder, buffer.getvalue())

    def start(self, container: str) -> None:
        with guarded(f"POST /containers/{container[:12]}/start"):
            self._api.start(container)

    def wait(self, container: str, seconds: float | None = None) -> bool:
        """Block until it has ended, or for so many seconds; whether it has."""
        import requests

        with guarded(f"POST /containers/{container[:12]}/wait"):
            try:
                self._api.wait(container, timeout=seconds)
            except (requests.exceptions.ReadTimeout, requests.exceptions.ConnectionError) as error:
                if seconds is not None and "timed out" in str(error).lower():
                    return False
                raise
        return True

    def inspect(self, container: str) -> dict[str, Any]:
        """Raises `NotFound` for one that is not there any more."""
        with guarded(f"GET /containers/{container[:12]}/json"):
            found: dict[str, Any] = self._api.inspect_container(container)
        return found

    def containers(self, labels: Mapping[str, str]) -> list[dict[str, Any]]:
        """Containers with all of these labels, running or not, each as `inspect` has it."""
        wanted = {"label": [f"{name}={value}" for name, value in labels.items()]}
        with guarded("GET /containers/json"):
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
        with guarded(f"GET /containers/{container[:12]}/logs"):
            pieces: Any = self._api.logs(container, stdout=True, stderr=True, stream=True, follow=follow)
            try:
                yield from pieces
            finally:
                pieces.close()

    def stop(self, container: str, grace_s: int) -> None:
        """SIGTERM, and SIGKILL after so many seconds; returns when it has ended."""
        with guarded(f"POST /containers/{container[:12]}/stop"):
            self._api.stop(container, timeout=grace_s)

    def remove(self, container: str) -> None:
        """Remove it with its anonymous volumes, by force; one that is gone is no error."""
        try:
            with guarded(f"DELETE /containers/{container[:12]}"):
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
