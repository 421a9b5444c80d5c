"""A backend's API on loopback: routes and JSON; errors in the vendor's form, and faults, at one place."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from skylift_testkit.emulator.fault_script import Failure, FaultScript

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

POLL_S: Final = 0.01
"""How soon the server sees that it shall end."""


@dataclass(frozen=True, slots=True)
class Request:
    """A call. `names`: what its path's placeholders stand for. `query`: the last of each name."""

    method: str
    path: str
    names: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Raises `Refusal` (400) where the body is no JSON; None where there is none."""
        try:
            return json.loads(self.body) if self.body else None
        except ValueError as error:
            raise Refusal(400, "InvalidJSON", f"the body is no JSON: {error}") from error


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is JSON, unless it is bytes; no body where it is None."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def encoded(self) -> bytes:
        if self.body is None or isinstance(self.body, bytes):
            return self.body or b""
        return json.dumps(self.body).encode()


class Refusal(Exception):
    """The backend says no: an HTTP status, the vendor's code and its words."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status, self.code, self.message = status, code, message
        super().__init__(f"{status} {code}: {message}")


@dataclass(frozen=True, slots=True)
class Route:
    """`operation` is the vendor's name of the call; `path` has placeholders: `/jobs/{job}:cancel`.

    A placeholder stands for anything but a slash, `{name+}` also for slashes.
    """

    method: str
    path: str
    operation: str
    answer: Callable[[Request], Answer]

    def names(self, method: str, path: str) -> dict[str, str] | None:
        """What the placeholders stand for, decoded; None where it is another route's call."""
        found = _pattern(self.path).fullmatch(path) if method == self.method else None
        return {name: unquote(value) for name, value in found.groupdict().items()} if found else None


class Api:
    """Finds a call's route, has it go wrong where the script says so, and puts errors in a form.

    Args:
        routes: The first that fits is taken.
        script: What goes wrong.
        refusals: The vendor's answer for each failure of a call but `LOST_ANSWER`.
        form: The vendor's form of an error; of an unknown path, too: 404, "NotFound".
    """

    def __init__(
        self,
        routes: tuple[Route, ...],
        script: FaultScript,
        refusals: Mapping[Failure, Refusal],
        form: Callable[[Refusal], Answer],
    ) -> None:
        self._routes, self._script, self._refusals, self._form = routes, script, refusals, form

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer | None:
        """None where the connection ends without an answer."""
        parts = urlsplit(target)
        for route in self._routes:
            names = route.names(method, parts.path)
            if names is not None:
                query = dict(parse_qsl(parts.query, keep_blank_values=True))
                return self._called(route, Request(method, parts.path, names, query, headers, body))
        return self._form(Refusal(404, "NotFound", f"there is no {method} {parts.path}"))

    def _called(self, route: Route, request: Request) -> Answer | None:
        failure = self._script.of_call(route.operation)
        if failure is not None and failure in self._refusals:
            return self._form(self._refusals[failure])
        try:
            answer = route.answer(request)
        except Refusal as refusal:
            return self._form(refusal)
        return None if failure is Failure.LOST_ANSWER else answer


class Server:
    """An API on a free port of this machine's loopback, from `with` to its end."""

    def __init__(self, api: Api) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(api))
        self._thread = threading.Thread(target=self._server.serve_forever, args=[POLL_S], daemon=True)

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


def _handler(api: Api) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            answer = api.answer(self.command, self.path, dict(self.headers.items()), body)
            if answer is None:
                self.close_connection = True
                return
            content = answer.encoded()
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_DELETE = do_GET = do_HEAD = do_PATCH = do_POST = do_PUT = _answer  # noqa: N815 -- the base's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base names it so
            """Say nothing."""

    return Handler


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+\+?)\}", path)
    names = [f"(?P<{n.rstrip('+')}>{'.+' if n.endswith('+') else '[^/]+?'})" for n in parts[1::2]]
    texts = [re.escape(text) for text in parts[::2]]
    return re.compile("".join(text + name for text, name in zip(texts, [*names, ""], strict=True)))
