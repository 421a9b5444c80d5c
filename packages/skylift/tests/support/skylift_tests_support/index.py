"""An index of packages on loopback, of a folder of wheels: the simple API (PEP 503)."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


@contextmanager
def served(folder: Path) -> Generator[str]:
    """The index's URL, while it is there."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._begun()

        def do_GET(self) -> None:
            self.wfile.write(self._begun())

        def _begun(self) -> bytes:
            _, kind, name, *_ = [*self.path.split("/"), ""]
            found = _page(folder, name) if kind == "simple" else (folder / name).read_bytes()
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/html" if kind == "simple" else "application/octet-stream")
            self.send_header("Content-Length", str(len(found)))
            self.end_headers()
            return found

        def log_message(self, *_: object, **__: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/simple"
        finally:
            server.shutdown()


def _page(folder: Path, project: str) -> bytes:
    """Links to the project's wheels; empty where it has none."""
    wheels = [path.name for path in folder.glob("*.whl") if _normal(path.name.split("-")[0]) == project]
    return "".join(f'<a href="/files/{name}">{name}</a>\n' for name in sorted(wheels)).encode()


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
