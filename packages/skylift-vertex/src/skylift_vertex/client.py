"""The only file that imports Vertex's SDK, when it is first used: one method per API call, our errors.

What goes in and comes out is as REST has it: plain data, in the API's own spelling.
"""

from __future__ import annotations

import time
from functools import cached_property, partial
from http import HTTPStatus
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from skylift_contract.errors import BackendError, NotFound, Transient
from skylift_vertex import credentials
from skylift_vertex.sdk_errors import failure, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAUSES_S: Final = (0.5, 1.0, 2.0, 4.0)
"""Before further tries of a call that may be repeated, and that was not answered."""

TIMEOUT_S: Final = 60
PAGE: Final = 100
LOGGING: Final = "https://logging.googleapis.com"
LISTED: Final = ("name", "displayName", "state", "createTime", "labels", "error", "scheduleName")
"""Of each pipeline job in a listing; the document is left out."""


class Access(credentials.Identity, Protocol):
    """As whom, where and how Vertex is called: the orchestrator's options of these names."""

    @property
    def location(self) -> str: ...
    @property
    def parent(self) -> str: ...
    @property
    def project(self) -> str: ...
    @property
    def api_endpoint(self) -> str | None: ...
    @property
    def api_transport(self) -> str: ...


class VertexClient:
    """Vertex AI, as the options say; made without a call, and for several threads at once."""

    def __init__(self, config: Access) -> None:
        self._config = config
        self._services: dict[str, Any] = {}

    @property
    def is_open(self) -> bool:
        """Whether the endpoint is asked over plain HTTP, and so by nobody in particular."""
        return (self._config.api_endpoint or "").startswith("http://")

    @cached_property
    def _credentials(self) -> Any:
        if self.is_open:
            return credentials.nobody()
        try:
            return credentials.find(self._config)
        except Exception as error:
            raise failure(error, "auth:credentials") or error from error

    @cached_property
    def _session(self) -> Any:
        requests: Any = import_module("google.auth.transport.requests")
        return requests.AuthorizedSession(self._credentials)

    def _service(self, name: str) -> Any:
        """`Pipeline`, `Job` or `Schedule`."""
        if name not in self._services:
            vertex: Any = import_module("google.cloud.aiplatform_v1")
            kind = getattr(vertex, f"{name}ServiceClient")
            self._services[name] = kind(**self._connection(kind))
        return self._services[name]

    def _connection(self, kind: Any) -> dict[str, Any]:
        """An address; plain HTTP needs a channel of its own for gRPC."""
        config = self._config
        address = config.api_endpoint or f"{config.location}-aiplatform.googleapis.com"
        if self.is_open and config.api_transport == "grpc":
            grpc: Any = import_module("grpc")
            channel = grpc.insecure_channel(address.removeprefix("http://"))
            return {"transport": kind.get_transport_class("grpc")(channel=channel)}
        options = {"api_endpoint": address.removeprefix("https://")}
        return {
            "transport": config.api_transport,
            "credentials": self._credentials,
            "client_options": options,
        }

    def _once(self, service: str, method: str, request: dict[str, Any]) -> Any:
        """One try of a call; its answer as the SDK gives it."""
        operation = f"aiplatform:{method}"
        try:
            own = getattr(self._service(service), method)
            return own(request=_message(method, request), timeout=TIMEOUT_S, retry=None)
        except BackendError:
            raise
        except Exception as error:
            raise failure(error, operation) or error from error

    def _call(self, service: str, method: str, **request: Any) -> Any:
        """Of what may be asked again, for it changes nothing or comes to the same."""
        return _tried(partial(self._once, service, method, request))

    def _pages(self, service: str, method: str, field: str, **request: Any) -> Iterator[dict[str, Any]]:
        """What a listing holds, page after page as far as is read; `field`: where an answer has it."""
        token = ""
        while True:
            asked = {"parent": self._config.parent, "pageSize": PAGE, "pageToken": token, **request}
            found = self._call(service, method, **asked)
            yield from (plain(one) for one in getattr(found, field))
            token = str(found.next_page_token)
            if not token:
                return

    def create_pipeline_job(self, job: dict[str, Any], id: str) -> dict[str, Any]:
        """Asked again with the same id, it is refused as taken: whoever calls looks whose it is."""
        made = {"parent": self._config.parent, "pipelineJob": job, "pipelineJobId": id}
        return plain(self._call("Pipeline", "create_pipeline_job", **made))

    def pipeline_job(self, name: str) -> dict[str, Any] | None:
        """With its document and its tasks; None where there is none."""
        return self._found("Pipeline", "get_pipeline_job", name=name)

    def pipeline_jobs(self, where: str) -> Iterator[dict[str, Any]]:
        """Newest first, without their documents."""
        return self._pages(
            "Pipeline",
            "list_pipeline_jobs",
            "pipeline_jobs",
            filter=where,
            orderBy="create_time desc",
            readMask=",".join(LISTED),
        )

    def cancel_pipeline_job(self, name: str) -> None:
        self._call("Pipeline", "cancel_pipeline_job", name=name)

    def create_custom_job(self, job: dict[str, Any]) -> dict[str, Any]:
        """Once: the service gives the id, so that asked again it would make another."""
        return plain(
            self._once("Job", "create_custom_job", {"parent": self._config.parent, "customJob": job})
        )

    def custom_job(self, name: str) -> dict[str, Any] | None:
        return self._found("Job", "get_custom_job", name=name)

    def custom_jobs(self, where: str) -> Iterator[dict[str, Any]]:
        return self._pages("Job", "list_custom_jobs", "custom_jobs", filter=where)

    def cancel_custom_job(self, name: str) -> None:
        self._call("Job", "cancel_custom_job", name=name)

    def create_schedule(self, schedule: dict[str, Any]) -> dict[str, Any]:
        """Once, as `create_custom_job`."""
        made = {"parent": self._config.parent, "schedule": schedule}
        return plain(self._once("Schedule", "create_schedule", made))

    def update_schedule(self, schedule: dict[str, Any]) -> dict[str, Any]:
        """What it holds besides its name is written; the rest stays."""
        fields = [name for name in schedule if name != "name"]
        return plain(
            self._call("Schedule", "update_schedule", schedule=schedule, updateMask=",".join(fields))
        )

    def schedule(self, name: str) -> dict[str, Any] | None:
        return self._found("Schedule", "get_schedule", name=name)

    def schedules(self, where: str) -> Iterator[dict[str, Any]]:
        return self._pages("Schedule", "list_schedules", "schedules", filter=where)

    def pause_schedule(self, name: str) -> None:
        self._call("Schedule", "pause_schedule", name=name)

    def resume_schedule(self, name: str) -> None:
        """What was missed meanwhile is not made up for."""
        self._call("Schedule", "resume_schedule", name=name, catchUp=False)

    def delete_schedule(self, name: str) -> None:
        """Returns when it is gone; raises `NotFound` where there is none."""
        operation = self._call("Schedule", "delete_schedule", name=name)
        try:
            operation.result(timeout=TIMEOUT_S)
        except Exception as error:
            raise failure(error, "aiplatform:delete_schedule") or error from error

    def log_entries(self, where: str) -> Iterator[dict[str, Any]]:
        """Oldest first, from Cloud Logging."""
        asked: dict[str, Any] = {
            "resourceNames": [f"projects/{self._config.project}"],
            "filter": where,
            "orderBy": "timestamp asc",
            "pageSize": 1000,
        }
        while True:
            page = _tried(partial(self._posted, "/v2/entries:list", asked, "logging:entries.list"))
            yield from page.get("entries", ())
            if not (token := page.get("nextPageToken")):
                return
            asked = {**asked, "pageToken": token}

    def _posted(self, path: str, body: dict[str, Any], operation: str) -> dict[str, Any]:
        host = self._config.api_endpoint if self.is_open else LOGGING
        try:
            answer = self._session.post(f"{host}{path}", json=body, timeout=TIMEOUT_S)
        except BackendError:
            raise
        except Exception as error:
            raise failure(error, operation) or error from error
        found: dict[str, Any] = answer.json()
        if answer.status_code >= HTTPStatus.BAD_REQUEST:
            raise refusal(answer.status_code, str(found.get("error", {}).get("message", "")), operation)
        return found

    def _found(self, service: str, method: str, **request: Any) -> dict[str, Any] | None:
        try:
            return plain(self._call(service, method, **request))
        except NotFound:
            return None


def plain(message: Any) -> dict[str, Any]:
    """As REST has it; what is nothing, or zero, is left out."""
    json_format: Any = import_module("google.protobuf.json_format")
    kind = cast("Any", type(message))
    return json_format.MessageToDict(kind.pb(message))


def _message(method: str, request: dict[str, Any]) -> Any:
    """The request of a method: `CreatePipelineJobRequest` of `create_pipeline_job`."""
    vertex: Any = import_module("google.cloud.aiplatform_v1")
    json_format: Any = import_module("google.protobuf.json_format")
    kind = getattr(vertex, f"{method.title().replace('_', '')}Request")
    return kind.wrap(json_format.ParseDict(request, kind.pb(kind())))


def _tried(call: Callable[[], Any]) -> Any:
    """Again after each pause, as long as there is no answer."""
    for seconds in PAUSES_S:
        try:
            return call()
        except Transient:
            time.sleep(seconds)
    return call()
