"""Google's own clients over HTTP to the emulator, and documents written by hand."""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from skylift_vertex_snapshots import PARENT, PROJECT

if TYPE_CHECKING:
    from pathlib import Path

    from skylift_vertex.emulator import VertexEmulator

ROOT = "gs://documents/root"
RUN_ID = "{{$.pipeline_job_name}}"

GoogleError: Any = import_module("google.api_core.exceptions").GoogleAPICallError
AuthError: Any = import_module("google.auth.exceptions").GoogleAuthError


class Fifo:
    """Where a step says that it is here, and waits until it is let go."""

    def __init__(self, folder: Path) -> None:
        self.arrived, self.go_on = folder / "arrived", folder / "go_on"
        os.mkfifo(self.arrived)
        os.mkfifo(self.go_on)

    @property
    def code(self) -> str:
        """What a step runs."""
        return f"open({str(self.arrived)!r}, 'w').close(); open({str(self.go_on)!r}).read()"

    def wait(self) -> None:
        """Return when a step runs."""
        self.arrived.read_text()

    def release(self) -> None:
        self.go_on.write_text("")


def container(code: str, env: dict[str, str] | None = None, **parts: Any) -> dict[str, Any]:
    variables = [{"name": name, "value": value} for name, value in (env or {}).items()]
    return {"image": "python:3.11", "command": [sys.executable, "-c", code], "env": variables, **parts}


def task(after: tuple[str, ...] = (), retries: int = 0, **parameters: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "dependentTasks": list(after),
        "inputs": {"parameters": {n: {"runtimeValue": {"constant": v}} for n, v in parameters.items()}},
    }
    if retries:
        found["retryPolicy"] = {"maxRetryCount": retries}
    return found


def document(**tasks: tuple[dict[str, Any], dict[str, Any]]) -> dict[str, Any]:
    """A PipelineSpec: name → what runs, and its task; each has a component of its own."""
    components = {
        f"comp-{name}": {
            "executorLabel": f"exec-{name}",
            "inputDefinitions": {
                "parameters": {one: {"parameterType": "STRING"} for one in told["inputs"]["parameters"]}
            },
        }
        for name, (_, told) in tasks.items()
    }
    executors = {f"exec-{name}": {"container": runs} for name, (runs, _) in tasks.items()}
    shown = {
        name: {**told, "componentRef": {"name": f"comp-{name}"}, "taskInfo": {"name": name}}
        for name, (_, told) in tasks.items()
    }
    return {
        "schemaVersion": "2.1.0",
        "pipelineInfo": {"name": "daily"},
        "components": components,
        "deploymentSpec": {"executors": executors},
        "root": {"dag": {"tasks": shown}},
    }


def pipeline_job(spec: dict[str, Any], **parts: Any) -> dict[str, Any]:
    runtime = {"gcsOutputDirectory": ROOT, **parts.pop("runtimeConfig", {})}
    return {"displayName": "daily", "pipelineSpec": spec, "runtimeConfig": runtime, **parts}


def custom_job(code: str, env: dict[str, str] | None = None, **parts: Any) -> dict[str, Any]:
    runs = container(code, env)
    pool = {
        "machineSpec": {"machineType": "e2-standard-4"},
        "replicaCount": "1",
        "containerSpec": {"imageUri": runs["image"], "command": runs["command"], "env": runs["env"]},
    }
    return {"displayName": "job", "jobSpec": {"workerPoolSpecs": [pool], **parts}}


class Cloud:
    """Vertex AI as Google's clients show it: plain data, in the API's own spelling."""

    def __init__(self, emulator: VertexEmulator) -> None:
        self.emulator = emulator
        self._vertex: Any = import_module("google.cloud.aiplatform_v1")
        self._json: Any = import_module("google.protobuf.json_format")
        credentials: Any = import_module("google.auth.credentials").AnonymousCredentials()
        address = emulator.endpoint.removeprefix("http://")
        options = {"api_endpoint": f"http://{address}"}
        self.services = {
            name: getattr(self._vertex, f"{name}ServiceClient")(
                transport="rest", credentials=credentials, client_options=options
            )
            for name in ("Pipeline", "Job", "Schedule")
        }

    def call(self, service: str, method: str, **request: Any) -> dict[str, Any]:
        answer = self._asked(service, method, request)
        return {} if answer is None else self._plain(answer)

    def listed(self, service: str, method: str, **request: Any) -> list[dict[str, Any]]:
        """All pages of a listing."""
        answer = self._asked(service, method, {"parent": PARENT, **request})
        return [self._plain(one) for one in answer]

    def _plain(self, message: Any) -> dict[str, Any]:
        kind = cast("Any", type(message))
        return self._json.MessageToDict(kind.pb(message))

    def _asked(self, service: str, method: str, request: dict[str, Any]) -> Any:
        kind = getattr(self._vertex, f"{method.title().replace('_', '')}Request")
        message = kind.wrap(self._json.ParseDict(request, kind.pb(kind())))
        return getattr(self.services[service], method)(request=message, retry=None)

    def start(self, spec: dict[str, Any], id: str = "", **parts: Any) -> dict[str, Any]:
        return self.call(
            "Pipeline",
            "create_pipeline_job",
            parent=PARENT,
            pipelineJob=pipeline_job(spec, **parts),
            pipelineJobId=id,
        )

    def run(self, spec: dict[str, Any], id: str = "", **parts: Any) -> dict[str, Any]:
        """As the job is once it is over."""
        return self.ended(self.start(spec, id, **parts)["name"])

    def ended(self, name: str) -> dict[str, Any]:
        for job in self.emulator.pipelines.kept.all():
            if job.name == name:
                job.wait()
        return self.call("Pipeline", "get_pipeline_job", name=name)

    def job(self, told: dict[str, Any]) -> dict[str, Any]:
        """A custom job, once it is over."""
        name = self.call("Job", "create_custom_job", parent=PARENT, customJob=told)["name"]
        next(job for job in self.emulator.jobs.kept.all() if job.name == name).wait()
        return self.call("Job", "get_custom_job", name=name)

    def printed(self, job: str) -> list[str]:
        """By a custom job's container."""
        wanted = f'resource.type="ml_job" AND resource.labels.job_id="{job.rpartition("/")[2]}"'
        wanted += ' AND resource.labels.task_name="workerpool0-0"'
        return [entry["jsonPayload"]["message"] for entry in self.entries(wanted)]

    def entries(self, wanted: str, **more: Any) -> list[dict[str, Any]]:
        body = json.dumps(
            {"resourceNames": [f"projects/{PROJECT}"], "filter": wanted, "pageSize": 1000, **more}
        )
        url = f"{self.emulator.endpoint}/v2/entries:list"
        asked = urllib.request.Request(url, body.encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(asked) as answer:
            return json.load(answer)["entries"]


def tasks(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Name → detail of a job's tasks, without the one that is the pipeline."""
    details = told["jobDetail"]["taskDetails"]
    return {one["taskName"]: one for one in details if one.get("parentTaskId")}


def states(told: dict[str, Any]) -> dict[str, str]:
    return {name: one["state"] for name, one in tasks(told).items()}


def main_job(told: dict[str, Any], name: str) -> str:
    return tasks(told)[name]["executorDetail"]["containerDetail"]["mainJob"]


def failed_jobs(told: dict[str, Any], name: str) -> list[str]:
    return tasks(told)[name]["executorDetail"]["containerDetail"].get("failedMainJobs", [])
