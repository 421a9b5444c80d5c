"""Secret Manager, as far as steps read it; secrets are put in by whoever runs the emulator."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from skylift_vertex.emulator.protos import not_found

if TYPE_CHECKING:
    from skylift_testkit.emulator.server import Request


class SecretManager:
    def __init__(self) -> None:
        self._versions: dict[str, list[bytes]] = {}

    def add(self, project: str, secret: str, content: bytes) -> None:
        """A further version of it."""
        self._versions.setdefault(f"{project}/{secret}", []).append(content)

    def access(self, request: Request) -> dict[str, Any]:
        """`versions.access`."""
        names = request.names
        found = self._versions.get(f"{names['project']}/{names['secret']}", [])
        number = str(len(found)) if names["version"] == "latest" else names["version"]
        name = f"projects/{names['project']}/secrets/{names['secret']}/versions/{number}"
        if not number.isdecimal() or not 0 < int(number) <= len(found):
            raise not_found(name)
        return {"name": name, "payload": {"data": base64.b64encode(found[int(number) - 1]).decode()}}
