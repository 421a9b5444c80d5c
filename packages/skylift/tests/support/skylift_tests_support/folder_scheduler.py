"""A backend that schedules: its schedules are files of a folder, and it fires when a test turns its clock.

It knows only what was deployed: a document of command lines, environments and an order. The
steps are processes of their own, and each firing has an orchestrator run ID of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from skylift.orchestrators import (
    BaseOrchestrator,
    BaseOrchestratorConfig,
    BaseOrchestratorFlavor,
    SubmissionResult,
)
from skylift_contract.canonical import canonical_json
from skylift_contract.capability import FULL, Capability
from skylift_contract.compiled import CompiledPipeline
from skylift_contract.containers import step_arguments
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import NotFound
from skylift_contract.flavor import infer
from skylift_contract.orchestrator import Execution
from skylift_contract.run_id import Env
from skylift_contract.schedule import Schedule
from skylift_contract.status import RunStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from skylift_contract.capability import Support
    from skylift_contract.run import DeployedSchedule
    from skylift_contract.snapshot import PipelineSnapshot
    from skylift_tests_support.commands import Project

RUN_ID_ENV = "FOLDER_RUN_ID"
DOCUMENT = "pipeline.json"


class Scheduler:
    """The backend itself: `tick` is its clock, which only a test turns."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.refuses = ""
        """Why it starts no step of what fires; empty while it does."""

    def put(self, name: str, document: Mapping[str, Any], now: datetime) -> None:
        self._write("schedules", name, {"document": document, "state": "active", "last": now.isoformat()})

    def change(self, name: str, **changes: Any) -> None:
        self._write("schedules", name, {**self.get(name), **changes})

    def get(self, name: str) -> dict[str, Any]:
        path = self.folder / "schedules" / f"{name}.json"
        if not path.exists():
            raise NotFound(f"there is no schedule {name!r}", operation="folder:GetSchedule", code="404")
        return json.loads(path.read_bytes())

    def delete(self, name: str) -> None:
        self.get(name)
        (self.folder / "schedules" / f"{name}.json").unlink()

    def tick(self, now: datetime) -> list[str]:
        """Fire what is due since the last tick, and wait for it; the orchestrator run IDs."""
        fired: list[str] = []
        for path in sorted((self.folder / "schedules").glob("*.json")):
            found = json.loads(path.read_bytes())
            if found["state"] == "active":
                schedule = Schedule.from_snapshot(found["document"]["schedule"])
                due = schedule.fires(datetime.fromisoformat(found["last"]))
                for moment in due:
                    if moment.astimezone(UTC) > now:
                        break
                    fired.append(self.execute(found["document"], path.stem, moment))
            self._write("schedules", path.stem, {**found, "last": now.isoformat()})
        return fired

    def execute(self, document: Mapping[str, Any], name: str, moment: datetime | None = None) -> str:
        """Run the command lines of a document in order, each once those before it have ended."""
        own = f"folder/{name}/{uuid.uuid4().hex}"
        codes = [] if self.refuses else [self._start(job, own) for job in document["jobs"]]
        status = "failed" if self.refuses or any(codes) else "completed"
        said = {"id": own, "name": name, "status": status, "reason": self.refuses}
        self._write("executions", own.replace("/", "-"), {**said, "fired": moment and moment.isoformat()})
        return own

    def executions(self, name: str) -> list[dict[str, Any]]:
        found = (json.loads(path.read_bytes()) for path in (self.folder / "executions").glob("*.json"))
        return [one for one in found if one["name"] == name]

    def _start(self, job: Mapping[str, Any], own: str) -> int:
        environment = {"PATH": os.environ["PATH"], **job["environment"], RUN_ID_ENV: own}
        return subprocess.run(
            [sys.executable, *job["arguments"]], env=environment, cwd="/", capture_output=True, check=False
        ).returncode

    def _write(self, kind: str, name: str, content: Mapping[str, Any]) -> None:
        path = self.folder / kind / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))


class FolderConfig(BaseOrchestratorConfig):
    folder: Path = Field(description="Where its schedules are.")

    @property
    def is_remote(self) -> bool:
        return False

    @property
    def is_schedulable(self) -> bool:
        return True


class FolderOrchestrator(BaseOrchestrator):
    run_id_sources = (Env(name=RUN_ID_ENV),)

    @property
    def scheduler(self) -> Scheduler:
        return Scheduler(self.config.folder)

    def get_orchestrator_run_id(self) -> str:
        return os.environ[RUN_ID_ENV]

    def compile_pipeline(
        self,
        snapshot: PipelineSnapshot,
        stack: Any,
        base_environment: dict[str, str],
        step_environments: dict[str, dict[str, str]],
    ) -> CompiledPipeline:
        jobs = [
            {
                "name": name,
                "arguments": step_arguments(snapshot, name),
                "environment": step_environments[name],
            }
            for name in snapshot.step_configurations
        ]
        schedule = snapshot.schedule and json.loads(canonical_json(snapshot.schedule))
        content = canonical_json({"jobs": jobs, "schedule": schedule})
        return CompiledPipeline({DOCUMENT: content}, {"jobs": len(jobs)})

    def submit_pipeline(
        self,
        snapshot: PipelineSnapshot,
        stack: Any,
        base_environment: dict[str, str],
        step_environments: dict[str, dict[str, str]],
        placeholder_run: Any = None,
    ) -> SubmissionResult | None:
        compiled = self.compile_pipeline(snapshot, stack, base_environment, step_environments)
        document = json.loads(compiled.documents[DOCUMENT])
        if snapshot.schedule is None:

            def wait() -> None:
                self.scheduler.execute(document, snapshot.name)

            return SubmissionResult(wait)
        name = snapshot.schedule.name or snapshot.name
        self.scheduler.put(name, document, datetime.now(UTC))
        return SubmissionResult(schedule_id=name)

    def describe_schedule(self, schedule: DeployedSchedule) -> Mapping[str, Any]:
        found = self.scheduler.get(schedule.id)
        return {"state": found["state"], "cron": found["document"]["schedule"]["cron_expression"]}

    def update_schedule(self, schedule: DeployedSchedule, update: Schedule) -> None:
        document = self.scheduler.get(schedule.id)["document"]
        document["schedule"] = json.loads(canonical_json(update))
        self.scheduler.change(schedule.id, document=document)

    def pause_schedule(self, schedule: DeployedSchedule) -> None:
        self.scheduler.change(schedule.id, state="paused")

    def resume_schedule(self, schedule: DeployedSchedule) -> None:
        self.scheduler.change(schedule.id, state="active")

    def delete_schedule(self, schedule: DeployedSchedule) -> None:
        self.scheduler.delete(schedule.id)

    def list_executions(self, name: str, since: datetime) -> Iterable[Execution]:
        return [
            Execution(
                one["id"],
                RunStatus(ExecutionStatus(one["status"]), one["reason"]),
                datetime.fromisoformat(one["fired"]) if one["fired"] else None,
            )
            for one in self.scheduler.executions(name)
        ]


class FolderFlavor(BaseOrchestratorFlavor):
    @property
    def name(self) -> str:
        return "folder"

    @property
    def config_class(self) -> type[BaseOrchestratorConfig]:
        return FolderConfig

    @property
    def implementation_class(self) -> type[BaseOrchestrator]:
        return FolderOrchestrator

    @property
    def capabilities(self) -> Mapping[Capability, Support]:
        """What it shows by what it overrides, and that this machine has the CPUs that are asked for."""
        return {**infer(self.implementation_class, FolderConfig.model_construct()), Capability.CPU: FULL}


class SilentOrchestrator(FolderOrchestrator):
    """It deploys, and does nothing more with what it deployed."""

    pause_schedule = BaseOrchestrator.pause_schedule
    delete_schedule = BaseOrchestrator.delete_schedule
    list_executions = BaseOrchestrator.list_executions


class SilentFlavor(FolderFlavor):
    @property
    def name(self) -> str:
        return "silent"

    @property
    def implementation_class(self) -> type[BaseOrchestrator]:
        return SilentOrchestrator


DAILY = """
from skylift import Schedule, pipeline, step

@step
def load() -> int:
    return 41

@step
def more(value: int, by: int) -> int:
    print(f"adding {by}")
    return value + by

@pipeline(schedule=Schedule(cron_expression="0 2 * * *", timezone="Europe/Berlin"))
def daily(by: int = 1) -> None:
    more(load(), by)

@pipeline
def plain() -> None:
    load()
"""
"""A pipeline with a schedule, and one without."""


def make_scheduling(project: Project, flavor: type[FolderFlavor] = FolderFlavor) -> Scheduler:
    """Give a project the pipelines of `DAILY` in `flow.py`, and a stack that schedules; its backend."""
    name, folder = flavor().name, project.folder.parent / "backend"
    project.write("flow.py", DAILY)
    for line in (
        "init --name ours",
        f"orchestrator flavor register {flavor.__module__}.{flavor.__qualname__}",
        f"orchestrator register clock --flavor={name} --folder={folder}",
        "stack register clocked -o clock",
        "stack set clocked",
    ):
        answer = project.skylift(*line.split())
        assert answer.code == 0, answer.err
    return Scheduler(folder)
