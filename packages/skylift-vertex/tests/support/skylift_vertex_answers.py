"""A server in Vertex's place, over REST and gRPC, that answers as it is told.

What is asked is read by Google's own proto types, and told as REST has it, whatever it came by.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from skylift_vertex_protos import empty, parsed

NOUNS = {"pipelineJobs": "pipeline_job", "customJobs": "custom_job", "schedules": "schedule"}
LISTS = re.compile(r"/v1/(projects/[^/]+/locations/[^/]+)/([A-Za-z]+)")
ONE = re.compile(r"/v1/(projects/[^/]+/locations/[^/]+/([A-Za-z]+)/[^/:]+)(?::([a-z]+))?")
STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


class Answers:
    """From `with` to its end. `requests`: method and request of each call, in order.

    `say`: what a method answers; the last of several stays. An answer of None ends the connection
    without one.
    """

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self._said: dict[str, list[tuple[int, Any]]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.01])

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def say(self, method: str, *answers: Any, status: int = 200) -> None:
        self._said[method] = [(status, answer) for answer in answers]

    def then(self, method: str, *answers: Any, status: int = 200) -> None:
        """After what was said already."""
        self._said.setdefault(method, []).extend((status, answer) for answer in answers)

    def refuse(self, method: str, status: int, message: str) -> None:
        self.say(method, _error(status, message), status=status)

    def asked(self, method: str) -> list[dict[str, Any]]:
        return [request for name, request in self.requests if name == method]

    def answer(self, method: str, request: dict[str, Any]) -> tuple[int, Any]:
        self.requests.append((method, request))
        said = self._said.get(method) or [(400, _error(400, f"nothing said of {method}"))]
        return said.pop(0) if len(said) > 1 else said[0]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _error(status: int, message: str) -> dict[str, Any]:
    return {"error": {"code": status, "message": message, "status": STATUSES[status]}}


def camel(method: str) -> str:
    return method.title().replace("_", "")


def _handler(answers: Answers) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _do(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            method, request = _read(self.command, self.path, body)
            status, answer = answers.answer(method, request)
            if answer is None:
                self.close_connection = True
                return
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = _do  # noqa: N815 -- the base calls them so

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base names it so
            """Say nothing: `requests` holds what was asked."""

    return Handler


def _read(verb: str, target: str, body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The method, and its request as its proto type reads it."""
    url = urlsplit(target)
    if url.path == "/v2/entries:list":
        return "log_entries", body
    query = {name: value for name, value in parse_qsl(url.query) if not name.startswith("$")}
    method, given = _named(verb, url.path, body)
    return method, parsed(f"{camel(method)}Request", {**given, **query})


def _named(verb: str, path: str, body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    if match := LISTS.fullmatch(path):
        parent, collection = match.groups()
        noun = NOUNS[collection]
        field = collection.removesuffix("s")
        if verb == "POST":
            return f"create_{noun}", {"parent": parent, field: body}
        return f"list_{noun}s", {"parent": parent}
    match = ONE.fullmatch(path)
    assert match, path
    name, collection, action = match.groups()
    verbs = {"GET": "get", "PATCH": "update", "DELETE": "delete"}
    method = f"{action or verbs[verb]}_{NOUNS[collection]}"
    if verb == "PATCH":
        return method, {collection.removesuffix("s"): {**body, "name": name}}
    return method, {**body, "name": name}


class GrpcAnswers(Answers):
    """The same over gRPC, without encryption."""

    def __init__(self) -> None:
        super().__init__()
        grpc: Any = import_module("grpc")
        self._pool = ThreadPoolExecutor(4)
        self._grpc = grpc.server(self._pool)
        self._port = self._grpc.add_insecure_port("127.0.0.1:0")
        for service in ("Pipeline", "Job", "Schedule"):
            self._grpc.add_generic_rpc_handlers((_Service(self, service),))

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self._grpc.start()
        return super().__enter__()

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._grpc.stop(None).wait()
        self._pool.shutdown()


class _Service:
    def __init__(self, answers: Answers, name: str) -> None:
        self._answers, self._prefix = answers, f"/google.cloud.aiplatform.v1.{name}Service/"

    def service(self, details: Any) -> Any:
        if not details.method.startswith(self._prefix):
            return None
        grpc: Any = import_module("grpc")
        name = details.method.removeprefix(self._prefix)
        return grpc.unary_unary_rpc_method_handler(
            self._doing(name),
            request_deserializer=partial(_read_as, f"{name}Request"),
            response_serializer=_serialized,
        )

    def _doing(self, name: str) -> Callable[[Any, Any], Any]:
        grpc: Any = import_module("grpc")
        json_format: Any = import_module("google.protobuf.json_format")
        method = re.sub("(?<!^)(?=[A-Z])", "_", name).lower()

        def doing(request: Any, context: Any) -> Any:
            status, answer = self._answers.answer(method, json_format.MessageToDict(request))
            if answer is None:
                return context.abort(grpc.StatusCode.UNAVAILABLE, "the connection is gone")
            if status >= 400:
                return context.abort(grpc.StatusCode[STATUSES[status]], answer["error"]["message"])
            return json_format.ParseDict(answer, _answer_of(name))

        return doing


def _read_as(name: str, content: bytes) -> Any:
    message = empty(name)
    message.MergeFromString(content)
    return message


def _serialized(message: Any) -> bytes:
    return message.SerializeToString()


def _answer_of(name: str) -> Any:
    if name.startswith("List"):
        return empty(f"{name}Response")
    if name.startswith(("Create", "Get", "Update")):
        return empty(re.sub("^(Create|Get|Update)", "", name))
    module, kind = (
        ("google.longrunning.operations_pb2", "Operation")
        if name.startswith("Delete")
        else ("google.protobuf.empty_pb2", "Empty")
    )
    return getattr(import_module(module), kind)()
