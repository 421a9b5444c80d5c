from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from skylift_contract.errors import ConfigurationError, NotFound
from skylift_vertex.secrets import EMULATOR_ENV, look_up

KEPT = {
    "token/versions/latest": b"pa$$w\xc3\xb6rd",
    "token/versions/3": b"old",
    "bytes/versions/latest": b"\xff\xfe",
}


class Manager(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        name = self.path.removeprefix("/v1/projects/my-project/secrets/").removesuffix(":access")
        found = KEPT.get(name)
        body = (
            {"error": {"code": 404, "message": f"Secret [{name}] not found"}}
            if found is None
            else {"payload": {"data": base64.b64encode(found).decode()}}
        )
        content = json.dumps(body).encode()
        self.send_response(404 if found is None else 200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base names it so
        """Say nothing."""


@pytest.fixture(autouse=True)
def _manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Manager)
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    monkeypatch.setenv(EMULATOR_ENV, f"http://127.0.0.1:{server.server_address[1]}")
    yield
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_secret_is_its_newest_version_or_the_one_that_is_named() -> None:
    assert look_up("my-project/token") == "pa$$wörd"
    assert look_up("my-project/token/3") == "old"


def test_one_that_there_is_not_is_not_found() -> None:
    expected = r"^secretmanager:AccessSecretVersion: Secret \[lost/versions/latest\] not found \[404\]\.$"
    with pytest.raises(NotFound, match=expected):
        look_up("my-project/lost")


def test_bytes_are_no_text() -> None:
    with pytest.raises(
        ConfigurationError, match=r"^secret 'gcp-sm:my-project/bytes': it is bytes, and no text\.$"
    ):
        look_up("my-project/bytes")


@pytest.mark.parametrize("name", ["token", "", "a/b/c/d", "my-project/to ken"])
def test_what_names_no_secret_is_refused(name: str) -> None:
    expected = (
        rf"^secret 'gcp-sm:{name}': it names no secret\. Write gcp-sm:PROJECT/SECRET, or "
        r"gcp-sm:PROJECT/SECRET/VERSION\.$"
    )
    with pytest.raises(ConfigurationError, match=expected):
        look_up(name)
