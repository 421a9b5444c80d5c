"""The orchestrator against an HTTP server on loopback: what is sent, and what each refusal becomes."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from skylift___plugin__.config import __Plugin__OrchestratorConfig
from skylift___plugin__.orchestrator import __Plugin__Orchestrator
from skylift_contract.errors import AuthenticationError, BackendError, PermissionDenied, QuotaExceeded, Transient
from skylift_contract.run import PipelineRun
from skylift_contract.stack import ArtifactStore, Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skylift_contract.orchestrator import SubmissionResult
    from skylift_contract.snapshot import PipelineSnapshot


class Platform:
    """What the platform was asked, and what it is to answer."""

    def __init__(self) -> None:
        self.code = 200
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        platform = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                platform.requests.append((self.path, dict(self.headers.items()), body))
                self.send_response(platform.code)
                self.end_headers()
                self.wfile.write(b'{"run_id": "run-7"}')

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base names it so
                """Say nothing: pytest shows what fails."""

        return Handler


@pytest.fixture
def platform() -> Iterator[Platform]:
    platform = Platform()
    thread = threading.Thread(target=platform.server.serve_forever, args=[0.01])
    thread.start()
    yield platform
    platform.server.shutdown()
    thread.join()
    platform.server.server_close()


def submit(endpoint: str, snapshot: PipelineSnapshot) -> SubmissionResult:
    config = __Plugin__OrchestratorConfig.parse({"endpoint": endpoint, "token": "a secret"})
    orchestrator = __Plugin__Orchestrator(config)
    stack = Stack("tests", orchestrator, ArtifactStore("memory://"))
    run = PipelineRun(
        pipeline=snapshot.name, snapshot=snapshot.digest, flavor="__plugin__", submission_id="submission-1"
    )
    return orchestrator.submit_pipeline(snapshot, stack, {}, {"load": {"A": "1"}}, run)


def test_a_submission_sends_the_compiled_document_once(platform: Platform, snapshot: PipelineSnapshot) -> None:
    assert submit(platform.endpoint, snapshot).orchestrator_run_id == "run-7"
    ((path, headers, body),) = platform.requests
    assert path == "/jobs"
    assert (headers["Idempotency-Key"], headers["Authorization"]) == ("submission-1", "Bearer a secret")
    assert [task["environment"] for task in body["tasks"]] == [{"A": "1"}, {}]
    assert body["tasks"][0]["command"][1:3] == ["-m", "skylift.runtime"]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (401, AuthenticationError),
        (403, PermissionDenied),
        (429, QuotaExceeded),
        (503, Transient),
        (500, BackendError),
    ],
)
def test_a_refusal_becomes_the_contracts_error(
    platform: Platform, snapshot: PipelineSnapshot, code: int, error: type[BackendError]
) -> None:
    platform.code = code
    with pytest.raises(error, match=rf"^__plugin__:POST /jobs: .+ \[{code}\]\.$") as caught:
        submit(platform.endpoint, snapshot)
    assert type(caught.value) is error


def test_a_platform_that_is_not_there_is_worth_another_try(snapshot: PipelineSnapshot) -> None:
    gone = Platform()
    gone.server.server_close()
    with pytest.raises(Transient, match=r"^__plugin__:POST /jobs: it cannot be reached: "):
        submit(gone.endpoint, snapshot)
