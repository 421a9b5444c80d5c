"""The few calls that making an image takes, over plain HTTP: the kit needs no SDK for them."""

from __future__ import annotations

import http.client
import json
import socket
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import IO

TIMEOUT_S: Final = 120.0


class ApiError(Exception):
    """What the engine said."""


class _Unix(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT_S)
        self.sock.connect(self._path)


class Api:
    """An engine at `unix://…` or `tcp://…`."""

    def __init__(self, host: str) -> None:
        self._host, self._at = host, urlsplit(host)

    def ping(self) -> None:
        """Raises `ApiError` where no engine answers."""
        self._call("GET", "/_ping")

    def has_image(self, image: str) -> bool:
        try:
            self._call("GET", f"/images/{quote(image)}/json")
        except ApiError:
            return False
        return True

    def import_image(self, image: str, root: IO[bytes], changes: Iterable[str]) -> None:
        """Make an image of a root's tar; `changes`: lines of a Dockerfile."""
        name, _, tag = image.rpartition(":")
        query = [("fromSrc", "-"), ("repo", name), ("tag", tag), *(("changes", one) for one in changes)]
        answer = self._call("POST", f"/images/create?{urlencode(query)}", root)
        for line in answer.decode().splitlines():  # the code is 200 whatever comes of it
            if error := json.loads(line).get("error"):
                raise ApiError(error)

    def _call(self, method: str, path: str, body: IO[bytes] | None = None) -> bytes:
        connection = (
            _Unix(self._at.path)
            if self._at.scheme == "unix"
            else http.client.HTTPConnection(self._at.hostname or "", self._at.port or 2375, timeout=TIMEOUT_S)
        )
        try:
            headers = {"Content-Type": "application/x-tar", "Transfer-Encoding": "chunked"} if body else {}
            connection.request(method, path, body, headers, encode_chunked=body is not None)
            answer = connection.getresponse()
            data = answer.read()
        except OSError as error:
            raise ApiError(f"no Docker Engine answers at {self._host}: {error}") from error
        finally:
            connection.close()
        if answer.status >= 300:
            raise ApiError(data.decode(errors="replace"))
        return data
