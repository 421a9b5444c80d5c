"""A plugin and its backend, whole: what the kit is tried on, and broken in many ways.

The backend is a folder. A process of its own runs each execution from its document alone, so a
client may go; schedules fire when a test turns the clock. `faults/<name>` in the folder makes the
next call go wrong.

python files_plugin.py FOLDER EXECUTION
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, SecretStr

from skylift_contract.canonical import canonical_json
from skylift_contract.capability import EMULATED, FULL, Capability, no
from skylift_contract.compiled import CompiledPipeline
from skylift_contract.containers import step_arguments
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import (
    AuthenticationError,
    BackendError,
    NotFound,
    PermissionDenied,
    QuotaExceeded,
    Transient,
)
from skylift_contract.flavor import BY_THE_RUNTIME, BaseOrchestratorFlavor
from skylift_contract.limits import Limit
from skylift_contract.orchestrator import (
    BaseOrchestrator,
    BaseOrchestratorConfig,
    Execution,
    SubmissionResult,
)
from skylift_contract.run_id import Env, find_orchestrator_run_id
from skylift_contract.schedule import Schedule
from skylift_contract.status import RunStatus, StepStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from skylift_contract.capability import Support
    from skylift_contract.run import DeployedSchedule, PipelineRun
    from skylift_contract.snapshot import PipelineSnapshot, Step

RUN_ID = "FILES_RUN_ID"
DOCUMENT = "pipeline.json"
VARIABLES = Limit(100, "variables")
VALUE = Limit(256, "characters")
PAUSE_S = 0.02
ANSWERS = {
    "quota": QuotaExceeded,
    "credentials": AuthenticationError,
    "permission": PermissionDenied,
    "unavailable": Transient,
}
STOPPED = 130


class Engine:
    """The backend; `folder` is all that it keeps."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, document: bytes) -> str:
        """Keep a pipeline; the same one is kept once."""
        name = json.loads(document)["name"]
        write(self.folder / "pipelines" / f"{name}.json", document)
        return name

    def start(self, pipeline: str, token: str, fired: datetime | None = None) -> str:
        """Start an execution, once for each token; its id."""
        self.fail_if_told(*ANSWERS)
        name = f"execution-{uuid.uuid5(uuid.NAMESPACE_URL, token)}"
        place = self.folder / "executions" / name
        if not place.exists():
            document = json.loads((self.folder / "pipelines" / f"{pipeline}.json").read_bytes())
            state = {"pipeline": pipeline, "fired": fired and fired.isoformat(), "document": document}
            write(
                place / "execution.json", json.dumps({**state, "twice": self.was_told("step_twice")}).encode()
            )
            write(place / "state.json", json.dumps({"status": "pending", "steps": {}}).encode())
            argv = [sys.executable, __file__, str(self.folder), name]
            with (place / "output.txt").open("wb") as output:
                subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=True)
        self.fail_if_told("lost_answer")
        return name

    def state(self, execution: str) -> dict[str, Any]:
        place = self.folder / "executions" / execution / "state.json"
        if not place.exists():
            raise NotFound(f"there is no execution {execution!r}", operation="files:Describe", code="404")
        return json.loads(place.read_bytes())

    def stop(self, execution: str, how: str) -> None:
        write(self.folder / "executions" / execution / "stop", how.encode())

    def stop_all(self) -> None:
        for execution in self.executions():
            if not ExecutionStatus(self.state(execution)["status"]).is_finished:
                self.stop(execution, "forced")

    def executions(self) -> dict[str, dict[str, Any]]:
        found = sorted(self.folder.glob("executions/*/execution.json"))
        return {path.parent.name: json.loads(path.read_bytes()) for path in found}

    def schedule(self, name: str, **changes: Any) -> None:
        place = self.folder / "schedules" / f"{name}.json"
        before = json.loads(place.read_bytes()) if place.exists() else {"state": "active"}
        write(place, json.dumps({**before, **changes}).encode())
        self.fail_if_told("half_way")

    def scheduled(self, name: str) -> dict[str, Any]:
        place = self.folder / "schedules" / f"{name}.json"
        if not place.exists():
            raise NotFound(f"there is no schedule {name!r}", operation="files:GetSchedule", code="404")
        return json.loads(place.read_bytes())

    def schedules(self) -> list[str]:
        return sorted(path.stem for path in self.folder.glob("schedules/*.json"))

    def unschedule(self, name: str) -> None:
        self.scheduled(name)
        (self.folder / "schedules" / f"{name}.json").unlink()

    def turn_clock(self, to: datetime) -> None:
        """Fire what is due since it was last turned, and wait for that."""
        for name in self.schedules():
            found = self.scheduled(name)
            if found["state"] == "active":
                for moment in Schedule.from_snapshot(found["when"]).fires(
                    datetime.fromisoformat(found["last"])
                ):
                    if moment.astimezone(UTC) > to:
                        break
                    self.wait(self.start(found["pipeline"], f"{name} {moment.isoformat()}", moment))
            self.schedule(name, last=to.isoformat())

    def wait(self, execution: str) -> None:
        while not ExecutionStatus(self.state(execution)["status"]).is_finished:
            time.sleep(PAUSE_S)

    def tell(self, fault: str) -> None:
        write(self.folder / "faults" / fault, b"")

    def was_told(self, fault: str) -> bool:
        try:
            (self.folder / "faults" / fault).unlink()
        except FileNotFoundError:
            return False
        return True

    def fail_if_told(self, *faults: str) -> None:
        for fault in faults:
            if self.was_told(fault):
                raise ConnectionError(fault)


class Running:
    """One execution, in the process that makes it."""

    def __init__(self, folder: Path, execution: str) -> None:
        self.place, self.name = folder / "executions" / execution, execution
        self.told = json.loads((self.place / "execution.json").read_bytes())
        self.jobs: dict[str, dict[str, Any]] = {job["name"]: job for job in self.told["document"]["jobs"]}
        self.processes: dict[str, list[subprocess.Popen[bytes]]] = {}
        self.ended: dict[str, str] = {}

    def run(self) -> None:
        while len(self.ended) < len(self.jobs):
            stop = self.place / "stop"
            if stop.exists():
                self.halt(stop.read_bytes() == b"forced")
            for name, job in self.jobs.items():
                if (
                    name not in self.processes
                    and name not in self.ended
                    and self.ended.keys() >= set(job["after"])
                ):
                    self.processes[name] = [self.start(job) for _ in range(2 if self.told["twice"] else 1)]
            for name, processes in list(self.processes.items()):
                if all(one.poll() is not None for one in processes):
                    self.ended[name] = self.outcome(self.processes.pop(name))
            self.say("running")
            time.sleep(PAUSE_S)
        found = set(self.ended.values())
        if found & {"stopped", "not_started"}:
            self.say("stopped")
        else:
            self.say("failed" if "failed" in found else "completed")

    def halt(self, is_forced: bool) -> None:
        for name in self.jobs:
            if name not in self.processes and name not in self.ended:
                self.ended[name] = "not_started"
        for process in (one for found in self.processes.values() for one in found if is_forced):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)

    def outcome(self, processes: list[subprocess.Popen[bytes]]) -> str:
        codes = {one.returncode for one in processes}
        if codes & {STOPPED, -signal.SIGTERM}:
            return "stopped"
        return "failed" if any(codes) else "completed"

    def start(self, job: Mapping[str, Any]) -> subprocess.Popen[bytes]:
        environment = {"PATH": os.environ["PATH"], **job["environment"], RUN_ID: self.name}
        environment |= {name: os.environ[name] for name in job["pass"] if name in os.environ}
        return subprocess.Popen([sys.executable, *job["arguments"]], env=environment, cwd="/")

    def say(self, status: str) -> None:
        steps = dict.fromkeys(self.processes, "running") | self.ended
        write(self.place / "state.json", json.dumps({"status": status, "steps": steps}).encode())


def write(path: Path, content: bytes) -> None:
    """Readers see the whole of it, or what was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.write_bytes(content)
    new.replace(path)


class FilesConfig(BaseOrchestratorConfig):
    folder: Path = Field(default=Path("/tmp/nowhere"), description="Where the backend is.")
    token: SecretStr | None = None

    @property
    def is_remote(self) -> bool:
        return False

    @property
    def is_schedulable(self) -> bool:
        return True


class FilesOrchestrator(BaseOrchestrator):
    run_id_sources = (Env(name=RUN_ID),)

    @property
    def engine(self) -> Engine:
        return Engine(self.config.folder)

    def get_orchestrator_run_id(self) -> str:
        return find_orchestrator_run_id(self.run_id_sources, backend="files", dynamic=False)

    def compile_pipeline(
        self,
        snapshot: PipelineSnapshot,
        stack: Any,
        base_environment: dict[str, str],
        step_environments: dict[str, dict[str, str]],
    ) -> CompiledPipeline:
        jobs = [job_of(snapshot, step, step_environments) for step in snapshot.steps]
        when = snapshot.schedule and json.loads(canonical_json(snapshot.schedule))
        document = {"name": snapshot.name, "jobs": jobs, "when": when}
        return CompiledPipeline({DOCUMENT: canonical_json(document)}, {"jobs": len(jobs)})

    def submit_pipeline(
        self,
        snapshot: PipelineSnapshot,
        stack: Any,
        base_environment: dict[str, str],
        step_environments: dict[str, dict[str, str]],
        placeholder_run: PipelineRun | None = None,
    ) -> SubmissionResult:
        compiled = self.compile_pipeline(snapshot, stack, base_environment, step_environments)
        document = compiled.documents[DOCUMENT]
        token = (placeholder_run and placeholder_run.submission_id) or uuid.uuid4().hex
        pipeline = self.engine.put(document)
        if snapshot.schedule is not None:
            return self.deploy(snapshot.schedule, pipeline, json.loads(document)["when"])
        execution = self.asked(lambda: self.engine.start(pipeline, token))
        return SubmissionResult(lambda: self.engine.wait(execution), orchestrator_run_id=execution)

    def deploy(self, schedule: Schedule, pipeline: str, when: Any) -> SubmissionResult:
        name = schedule.name or pipeline
        is_new = name not in self.engine.schedules()
        try:
            self.asked(
                lambda: self.engine.schedule(
                    name, pipeline=pipeline, when=when, last=datetime.now(UTC).isoformat()
                )
            )
        except BackendError:
            if is_new:
                self.engine.unschedule(name)
            raise
        return SubmissionResult(schedule_id=name)

    def asked(self, call: Any) -> Any:
        """The backend's answer; its errors are the contract's."""
        try:
            return call()
        except ConnectionError as error:
            kind = ANSWERS.get(str(error), Transient)
            raise kind(f"it said {error}", operation="files:Start", code=str(error)) from error

    def find_run(self, submission_id: str) -> str | None:
        name = f"execution-{uuid.uuid5(uuid.NAMESPACE_URL, submission_id)}"
        return name if name in self.engine.executions() else None

    def fetch_status(self, run: PipelineRun, include_steps: bool = False) -> RunStatus:
        found = self.engine.state(str(run.orchestrator_run_id))
        steps = {name: StepStatus(ExecutionStatus(status)) for name, status in found["steps"].items()}
        return RunStatus(ExecutionStatus(found["status"]), steps=steps if include_steps else {})

    def stop_run(self, run: PipelineRun, graceful: bool = False) -> None:
        self.engine.stop(str(run.orchestrator_run_id), "graceful" if graceful else "forced")

    def describe_schedule(self, schedule: DeployedSchedule) -> Mapping[str, Any]:
        return {"state": self.engine.scheduled(schedule.id)["state"]}

    def update_schedule(self, schedule: DeployedSchedule, update: Schedule) -> None:
        self.engine.scheduled(schedule.id)
        self.engine.schedule(schedule.id, when=json.loads(canonical_json(update)))

    def pause_schedule(self, schedule: DeployedSchedule) -> None:
        self.engine.scheduled(schedule.id)
        self.engine.schedule(schedule.id, state="paused")

    def resume_schedule(self, schedule: DeployedSchedule) -> None:
        self.engine.scheduled(schedule.id)
        self.engine.schedule(schedule.id, state="active")

    def delete_schedule(self, schedule: DeployedSchedule) -> None:
        self.engine.unschedule(schedule.id)

    def list_executions(self, name: str, since: datetime) -> Iterable[Execution]:
        for execution, told in self.engine.executions().items():
            if told["pipeline"] == name and told["fired"]:
                status = RunStatus(ExecutionStatus(self.engine.state(execution)["status"]))
                yield Execution(execution, status, datetime.fromisoformat(told["fired"]))


def job_of(
    snapshot: PipelineSnapshot, step: Step, environments: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    name, config = step.spec.invocation_id, step.config
    VARIABLES.check(len(config.environment), f"step {name!r}: environment")
    for variable, value in config.environment.items():
        VALUE.check(len(value), f"step {name!r}: variable {variable}")
    return {
        "name": name,
        "after": list(step.spec.upstream_steps),
        "arguments": step_arguments(snapshot, name),
        "environment": dict(environments[name]),
        "pass": [reference.removeprefix("env:") for reference in config.secrets.values()],
        "cpu": config.resource_settings.cpu_count,
        "memory": config.resource_settings.memory_bytes,
    }


SCHEDULES = {one: FULL for one in Capability if one.value.startswith("schedule_")} | {
    Capability.SCHEDULE_CATCHUP: no("what was missed is not looked for"),
    Capability.SCHEDULE_MAX_CONCURRENT_RUNS: no("runs are not counted"),
}


CAPABILITIES = {
    **dict.fromkeys(Capability, no("not built yet")),
    **dict(BY_THE_RUNTIME),
    **SCHEDULES,
    Capability.STATIC_PIPELINES: FULL,
    Capability.PARALLEL_STEPS: FULL,
    Capability.CPU: FULL,
    Capability.MEMORY: FULL,
    Capability.STEP_ENVIRONMENT: FULL,
    Capability.SECRETS_FROM_ENVIRONMENT: FULL,
    Capability.RUN_STATUS: FULL,
    Capability.STEP_STATUS: FULL,
    Capability.STOP: FULL,
    Capability.STOP_GRACEFUL: FULL,
    Capability.LOGS: EMULATED("from the ledger"),
    Capability.FIND_RUN: FULL,
    Capability.LIST_EXECUTIONS: FULL,
}


class FilesFlavor(BaseOrchestratorFlavor):
    @property
    def name(self) -> str:
        return "files"

    @property
    def config_class(self) -> type[FilesConfig]:
        return FilesConfig

    @property
    def implementation_class(self) -> type[FilesOrchestrator]:
        return FilesOrchestrator

    @property
    def capabilities(self) -> Mapping[Capability, Support]:
        return CAPABILITIES


if __name__ == "__main__":
    if os.fork():
        os._exit(0)  # whoever asked does not wait for the execution
    os.setsid()
    Running(Path(sys.argv[1]), sys.argv[2]).run()
