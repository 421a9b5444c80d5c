from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift_testkit.emulator.fault_script import Failure, Fault, FaultScript
from skylift_testkit.emulator.server import Answer, Api, Refusal, Request, Route, Server


class Jobs:
    """A backend with one list, whose errors look like Google's."""

    def __init__(self) -> None:
        self.kept, self.script = list[Any](), FaultScript()
        routes = (
            Route("GET", "/v1/{parent+}/jobs/{job}", "GetJob", self.get),
            Route("POST", "/v1/{parent+}/jobs", "CreateJob", self.create),
        )
        refusals = {Failure.QUOTA: Refusal(429, "RESOURCE_EXHAUSTED", "Quota exceeded for jobs.")}
        self.api = Api(routes, self.script, refusals, form)

    def create(self, request: Request) -> Answer:
        self.kept.append(request.json)
        return Answer({"name": f"{request.names['parent']}/jobs/{len(self.kept)}"}, headers={"X-Jobs": "1"})

    def get(self, request: Request) -> Answer:
        try:
            return Answer(self.kept[int(request.names["job"]) - 1] | dict(request.query))
        except (IndexError, ValueError) as error:
            raise Refusal(404, "NOT_FOUND", f"no job {request.names['job']}") from error


def form(refusal: Refusal) -> Answer:
    return Answer(
        {"error": {"code": refusal.status, "status": refusal.code, "message": refusal.message}},
        refusal.status,
    )


def call(server: Server, method: str, path: str, body: str | None = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(urlsplit(server.endpoint).netloc, timeout=20)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_it_answers_on_loopback() -> None:
    with Server(Jobs().api) as server:
        assert server.endpoint.startswith("http://127.0.0.1:")
        assert call(server, "POST", "/v1/projects/p/jobs", '{"a": 1}') == (200, {"name": "projects/p/jobs/1"})
        assert call(server, "GET", "/v1/projects/p/jobs/1?view=FULL") == (200, {"a": 1, "view": "FULL"})


def test_errors_are_in_the_vendors_form_all_of_them() -> None:
    with Server(Jobs().api) as server:
        status, found = call(server, "GET", "/v1/p/jobs/7")
        assert (status, found["error"]["message"]) == (404, "no job 7")
        status, found = call(server, "DELETE", "/v1/p/jobs/7")
        assert (status, found["error"]["message"]) == (404, "there is no DELETE /v1/p/jobs/7")
        status, found = call(server, "POST", "/v1/p/jobs", "{")
        assert (status, found["error"]["status"]) == (400, "InvalidJSON")


def test_what_is_told_goes_wrong_and_does_not_take_effect() -> None:
    jobs = Jobs()
    jobs.script.tell(Fault(Failure.QUOTA, frozenset({"CreateJob"})))
    with Server(jobs.api) as server:
        assert call(server, "GET", "/v1/p/jobs/1")[0] == 404
        error = {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Quota exceeded for jobs."}
        assert call(server, "POST", "/v1/p/jobs", "{}") == (429, {"error": error})
        assert jobs.kept == []
        assert call(server, "POST", "/v1/p/jobs", "{}")[0] == 200


def test_a_lost_answer_took_effect() -> None:
    jobs = Jobs()
    jobs.script.tell(Fault(Failure.LOST_ANSWER))
    with Server(jobs.api) as server:
        with pytest.raises(http.client.RemoteDisconnected):
            call(server, "POST", "/v1/p/jobs", '{"a": 1}')
        assert jobs.kept == [{"a": 1}]


@given(st.text(min_size=1).filter(lambda text: "/" not in text and not text.isspace()))
def test_a_placeholder_stands_for_what_was_quoted(name: str) -> None:
    route = Route("POST", "/v1/{parent+}/jobs/{job}:cancel", "CancelJob", lambda request: Answer())
    path = f"/v1/projects/p/locations/l/jobs/{quote(name, safe='')}:cancel"
    assert route.names("POST", path) == {"parent": "projects/p/locations/l", "job": name}
    assert route.names("GET", path) is None
    assert route.names("POST", f"{path}/more") is None
