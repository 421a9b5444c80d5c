"""__Plugin__'s API on loopback: it really executes the job that arrives, each task in a process.

It knows only what comes over the wire: nothing of this package but the name of the variable.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Callable

RUN_ID = "__PLUGIN___RUN_ID"


def in_a_process(command: list[str], environment: dict[str, str]) -> None:
    """Run a task's command with its variables alone, on this interpreter in place of its image's."""
    variables = {"PATH": os.environ["PATH"], **environment}
    subprocess.run([sys.executable, *command[1:]], env=variables, check=False)  # noqa: S603 -- argv list, no shell


class __Plugin__Emulator:
    """A server, from `with` to its end; a job's answer comes when all of its tasks have ended.

    Args:
        start: Runs one task, given its command and variables.

    `requests`: path, headers and body of each call. `refuse_with`: an HTTP status to answer, and run nothing.
    """

    def __init__(self, start: Callable[[list[str], dict[str, str]], object] = in_a_process) -> None:
        self.start = start
        self.refuse_with: int | None = None
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        self._runs: dict[str, str] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.01])

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def run(self, token: str, job: Any) -> str:
        """Run a job's tasks, in their order, and return its run's id; the same token runs nothing again."""
        if token not in self._runs:
            self._runs[token] = run_id = f"run-{uuid4().hex}"
            for task in job["tasks"]:
                self.start(task["command"], {**task["environment"], RUN_ID: run_id})
        return self._runs[token]


def _handler(emulator: __Plugin__Emulator) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802 -- the base names it so
            job = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            emulator.requests.append((self.path, dict(self.headers.items()), job))
            if emulator.refuse_with is not None:
                self.send_error(emulator.refuse_with)
                return
            answer = json.dumps({"run_id": emulator.run(self.headers["Idempotency-Key"], job)})
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base names it so
            """Say nothing: `requests` holds what was asked."""

    return Handler
