"""A server that answers as it is told, for the operations that moto lacks and the refusals that it never makes."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape


class Answers:
    """From `with` to its end. `requests`: operation and body of each call, in order.

    `say`: what an operation answers, JSON, or XML as a text; the last of several stays. An answer
    of None ends the connection without one.
    """

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self._said: dict[str, list[tuple[int, Any]]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.01])

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def say(self, operation: str, *answers: Any, status: int = 200) -> None:
        self._said[operation] = [(status, answer) for answer in answers]

    def decide(self, decision: str, trusted: str = "scheduler.amazonaws.com") -> None:
        """What IAM says of a role: whether it may do what is asked, and who may assume it."""
        statement = {"Effect": "Allow", "Principal": {"Service": trusted}, "Action": "sts:AssumeRole"}
        trust = escape(json.dumps({"Statement": [statement]}))
        role = f"<Role><AssumeRolePolicyDocument>{trust}</AssumeRolePolicyDocument></Role>"
        results = (
            f"<EvaluationResults><member><EvalDecision>{decision}</EvalDecision></member></EvaluationResults>"
        )
        for operation, told in (("GetRole", role), ("SimulatePrincipalPolicy", results)):
            result = f"<{operation}Result>{told}</{operation}Result>"
            self.say(operation, f"<{operation}Response>{result}</{operation}Response>")

    def refuse(self, operation: str, code: str, message: str, status: int = 400) -> None:
        self.say(operation, {"__type": code, "message": message}, status=status)

    def asked(self, operation: str) -> list[dict[str, Any]]:
        return [body for name, body in self.requests if name == operation]

    def answer(self, operation: str, body: dict[str, Any]) -> tuple[int, Any]:
        self.requests.append((operation, body))
        said = self._said.get(operation) or [
            (400, {"__type": "NotTold", "message": f"nothing said of {operation}"})
        ]
        return said.pop(0) if len(said) > 1 else said[0]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(answers: Answers) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            if target := self.headers["X-Amz-Target"]:
                body, operation = json.loads(content), target.rpartition(".")[2]
            else:
                body = dict(parse_qsl(content.decode()))
                operation = body.get("Action", self.path)
            status, answer = answers.answer(operation, body)
            if answer is None:
                self.close_connection = True
                return
            content = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base names it so
            """Say nothing: `requests` holds what was asked."""

    return Handler
