"""What stands before moto's server: the calls that moto has not, and everything that goes wrong."""

from __future__ import annotations

import io
import json
import re
import socket
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs
from uuid import uuid4

from skylift_sagemaker.emulator.answers import refusal
from skylift_sagemaker.emulator.model import check_request
from skylift_testkit.emulator.fault_script import Failure
from skylift_testkit.emulator.server import Answer, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from skylift_sagemaker.emulator.jobs import Call
    from skylift_sagemaker.emulator.schedules import Schedules
    from skylift_testkit.emulator.fault_script import FaultScript

    Environ = dict[str, Any]
    App = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

SCOPE: Final = re.compile(r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/aws4_request")
SCHEDULE: Final = re.compile(r"/schedules/(.+)")
NO_ROLES: Final = "The emulator looks at no roles, and does not say what they may do"
OPERATIONS: Final = {
    "POST": "CreateSchedule",
    "PUT": "UpdateSchedule",
    "DELETE": "DeleteSchedule",
    "GET": "GetSchedule",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A call: which service's, where, what, and with what."""

    service: str
    region: str
    operation: str
    request: dict[str, Any]


class Front:
    """A WSGI application around moto's.

    Args:
        moto: Answers what is not answered here.
        calls: A region's calls of SageMaker, by name.
        schedules: Kept beside moto's.
        script: What goes wrong.
    """

    def __init__(
        self, moto: App, calls: Callable[[str], Mapping[str, Call]], schedules: Schedules, script: FaultScript
    ) -> None:
        self._moto, self._calls, self._schedules, self._script = moto, calls, schedules, script
        self._made: dict[tuple[str, str], Answer] = {}

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        asked = _asked(environ)
        if asked is None:
            return self._moto(environ, start_response)
        failure = self._script.of_call(asked.operation)
        if failure is None or failure is Failure.LOST_ANSWER:
            answer = self._answer(asked, environ)
        else:
            answer = _form(refusal(failure, asked.service, asked.operation))
        if failure is Failure.LOST_ANSWER:
            _hang_up(environ)
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "x-amzn-RequestId": str(uuid4()),
            **answer.headers,
        }
        start_response(f"{answer.status} -", list(headers.items()))
        return [answer.encoded()]

    def _answer(self, asked: Asked, environ: Environ) -> Answer:
        try:
            if asked.service == "iam":
                return _in_xml(Refusal(403, "AccessDenied", NO_ROLES))
            if asked.service == "scheduler":
                return self._scheduled(asked, environ)
            call = self._calls(asked.region).get(asked.operation)
            if call is None:
                return self._from_moto(environ)
            check_request("sagemaker", asked.operation, asked.request)
            return Answer(json.dumps(call(asked.request), default=_plain).encode())
        except Refusal as error:
            return _form(error)

    def _scheduled(self, asked: Asked, environ: Environ) -> Answer:
        """As moto answers; what it would keep is checked first, and a token makes one schedule."""
        request, token = asked.request, (asked.region, str(asked.request.get("ClientToken", uuid4())))
        group = request.get("GroupName") or request.get("groupName") or "default"
        if asked.operation == "DeleteSchedule":
            answer = self._from_moto(environ)
            self._schedules.delete(asked.region, group, request["Name"])
            return answer
        if asked.operation == "GetSchedule":
            return self._from_moto(environ)
        schedule = self._schedules.checked(asked.operation, asked.region, request)
        if asked.operation == "CreateSchedule" and token in self._made:
            return self._made[token]
        answer = self._from_moto(environ)
        if answer.status == 200:
            self._schedules.put(schedule)
            self._made[token] = answer
        return answer

    def _from_moto(self, environ: Environ) -> Answer:
        told: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> None:
            told.extend([int(status.partition(" ")[0]), dict(headers)])

        content = b"".join(self._moto(environ, start_response))
        return Answer(content, told[0], told[1])


def _asked(environ: Environ) -> Asked | None:
    """None for a call that moto alone answers."""
    scope = SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    if scope is None:
        return None
    region, service = scope[1], scope[2]
    if service == "iam":
        return Asked(service, region, "", {})
    if service == "sagemaker" and environ.get("HTTP_X_AMZ_TARGET", "").startswith("SageMaker."):
        return Asked(service, region, environ["HTTP_X_AMZ_TARGET"].removeprefix("SageMaker."), _body(environ))
    found = SCHEDULE.fullmatch(environ["PATH_INFO"])
    if service == "scheduler" and found and environ["REQUEST_METHOD"] in OPERATIONS:
        query = {name: values[-1] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
        told = {**query, **_body(environ), "Name": found[1]}
        return Asked(service, region, OPERATIONS[environ["REQUEST_METHOD"]], told)
    return None


def _body(environ: Environ) -> dict[str, Any]:
    """The call's body, left where moto reads it."""
    content = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(content)
    return json.loads(content) if content else {}


def _form(told: Refusal) -> Answer:
    """Both of AWS's forms of an error: a header for REST, a member for JSON."""
    body = {"__type": told.code, "message": told.message, "Message": told.message}
    return Answer(json.dumps(body).encode(), told.status, {"x-amzn-ErrorType": told.code})


def _in_xml(told: Refusal) -> Answer:
    """The form of services that are asked by query."""
    error = f"<Error><Type>Sender</Type><Code>{told.code}</Code><Message>{told.message}</Message></Error>"
    body = f"<ErrorResponse>{error}<RequestId>{uuid4()}</RequestId></ErrorResponse>"
    return Answer(body.encode(), told.status, {"Content-Type": "text/xml"})


def _hang_up(environ: Environ) -> None:
    """End the connection; what is written to it afterwards goes nowhere."""
    connection: socket.socket = environ["werkzeug.socket"]
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _plain(value: Any) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(value)
