"""Secret Manager, as much of it as a step needs that reads a secret."""

from __future__ import annotations

import base64
import threading
from typing import TYPE_CHECKING

from skylift_testkit.emulator.server import Answer, Route
from skylift_vertex.emulator.answers import not_found
from skylift_vertex.emulator.place import NUMBER

if TYPE_CHECKING:
    from skylift_testkit.emulator.server import Request


class SecretManager:
    """Versions of secrets, counted from 1 on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._versions: dict[tuple[str, str], list[bytes]] = {}

    def add(self, project: str, secret: str, value: bytes) -> None:
        with self._lock:
            self._versions.setdefault((project, secret), []).append(value)

    def routes(self) -> tuple[Route, ...]:
        path = "/v1/projects/{project}/secrets/{secret}/versions/{version}:access"
        return (Route("GET", path, "AccessSecretVersion", self._access),)

    def _access(self, request: Request) -> Answer:
        names = request.names
        with self._lock:
            versions = list(self._versions.get((names["project"], names["secret"]), ()))
        wanted = str(len(versions)) if names["version"] == "latest" else names["version"]
        name = f"projects/{NUMBER}/secrets/{names['secret']}/versions/{wanted}"
        if not wanted.isdecimal() or not 1 <= int(wanted) <= len(versions):
            raise not_found(name)
        data = base64.b64encode(versions[int(wanted) - 1]).decode()
        return Answer({"name": name, "payload": {"data": data}})
