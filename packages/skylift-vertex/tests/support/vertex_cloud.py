"""Documents, and the real SDK before an emulator."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skylift_vertex_snapshots import PARENT, config_of

from skylift_vertex.client import VertexClient
from skylift_vertex.emulator import VertexEmulator

POLICY_FAST = "PIPELINE_FAILURE_POLICY_FAIL_FAST"


def task(name: str, code: str = "pass", after: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    """A task, and in `container` what it runs: parameters `run` and `step`, and code that has them as argv."""
    command = ["python", "-c", code, "{{$.inputs.parameters['run']}}", "{{$.inputs.parameters['step']}}"]
    return {"name": name, "after": after, "container": {"image": "python", "command": command}, **more}


def document(*tasks: dict[str, Any], run: str = "{{$.pipeline_job_name}}") -> dict[str, Any]:
    given = {"parameters": {name: {"parameterType": "STRING"} for name in ("run", "step")}}
    found: dict[str, Any] = {}
    for one in tasks:
        values = {"run": run, "step": one["name"]}
        found[one["name"]] = {
            "componentRef": {"name": f"comp-{one['name']}"},
            "taskInfo": {"name": one["name"]},
            "dependentTasks": list(one["after"]),
            "inputs": {
                "parameters": {name: {"runtimeValue": {"constant": value}} for name, value in values.items()}
            },
            **({"retryPolicy": {"maxRetryCount": one["retries"]}} if "retries" in one else {}),
        }
    return {
        "schemaVersion": "2.1.0",
        "pipelineInfo": {"name": "daily"},
        "components": {
            f"comp-{one['name']}": {"executorLabel": f"exec-{one['name']}", "inputDefinitions": given}
            for one in tasks
        },
        "deploymentSpec": {
            "executors": {f"exec-{one['name']}": {"container": one["container"]} for one in tasks}
        },
        "root": {"dag": {"tasks": found}},
    }


def job_of(*tasks: dict[str, Any], policy: str = "", **more: Any) -> dict[str, Any]:
    config = {"gcsOutputDirectory": "gs://bucket/root", **({"failurePolicy": policy} if policy else {})}
    return {"displayName": "daily", "pipelineSpec": document(*tasks, **more), "runtimeConfig": config}


def custom_job_of(code: str, *words: str, timeout: str = "600s", **environment: str) -> dict[str, Any]:
    env = [{"name": name, "value": value} for name, value in environment.items()]
    container = {"imageUri": "python", "command": ["python", "-c", code, *words], "env": env}
    pool = {"machineSpec": {"machineType": "e2-standard-4"}, "replicaCount": "1", "containerSpec": container}
    return {"displayName": "job", "jobSpec": {"workerPoolSpecs": [pool], "scheduling": {"timeout": timeout}}}


def show(*names: str) -> str:
    """What a job runs that prints its words, and variables."""
    return f"import os, sys; print(*sys.argv[1:], *(os.environ.get(n) for n in {names!r}))"


class Fifo:
    """How a step says that it runs, and waits until it is told to go on."""

    def __init__(self, folder: Path) -> None:
        self.said, self.told = folder / "said", folder / "told"
        os.mkfifo(self.said)
        os.mkfifo(self.told)

    @property
    def code(self) -> str:
        """What a step runs; it fails where it is told to."""
        return (
            f"import sys; open({str(self.said)!r}, 'w').write('up'); "
            f"sys.exit(open({str(self.told)!r}).read() == 'fail')"
        )

    def wait(self) -> None:
        """Return when a step runs."""
        assert self.said.read_text() == "up"

    def tell(self, what: str) -> None:
        self.told.write_text(what)


@dataclass
class Cloud:
    emulator: VertexEmulator
    client: VertexClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = VertexClient(config_of(api_endpoint=self.emulator.endpoint, api_transport="rest"))

    def start(self, job: dict[str, Any], id: str = "job-1") -> str:
        return str(self.client.create_pipeline_job(job, id)["name"])

    def run(self, *tasks: dict[str, Any], id: str = "job-1", **more: Any) -> dict[str, Any]:
        """Start a job, and tell of it when it is over."""
        name = self.start(job_of(*tasks, **more), id)
        assert self.emulator.pipeline_job(name).wait(40)
        return self.told(name)

    def told(self, name: str) -> dict[str, Any]:
        found = self.client.pipeline_job(name)
        assert found is not None
        return found

    def tasks(self, job: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """By their names, without the one that is the whole."""
        details = job["jobDetail"]["taskDetails"]
        return {one["taskName"]: one for one in details if one.get("parentTaskId")}

    def printed_by(self, job: dict[str, Any], task: str) -> list[str]:
        container = self.tasks(job)[task]["executorDetail"]["containerDetail"]
        names = [*container.get("failedMainJobs", ()), container["mainJob"]]
        return [line for name in names for line in self.printed(name.rpartition("/")[2])]

    def printed(self, job: str) -> list[str]:
        asked = f'resource.type="ml_job" AND resource.labels.job_id="{job}"'
        return [str(one.get("textPayload", "")) for one in self.client.log_entries(asked)]

    def job(self, request: dict[str, Any]) -> dict[str, Any]:
        """Start a custom job, and tell of it when it is over."""
        name = str(self.client.create_custom_job(request)["name"])
        self.emulator.custom_jobs.named(name).wait()
        found = self.client.custom_job(name)
        assert found is not None
        return found

    @property
    def parent(self) -> str:
        return PARENT
