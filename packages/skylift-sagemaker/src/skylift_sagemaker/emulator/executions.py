"""The calls that start, show, stop and try again executions."""

from __future__ import annotations

import secrets
import string
import threading
from typing import TYPE_CHECKING, Any, Final

from skylift_sagemaker.emulator.answers import invalid, not_found, ordered, page
from skylift_sagemaker.emulator.execution import STATES, PipelineExecution, Told
from skylift_testkit.emulator.execution import OVER, Phase

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from skylift_sagemaker.emulator.execution import Context
    from skylift_sagemaker.emulator.jobs import Call
    from skylift_sagemaker.emulator.pipelines import Pipeline, Pipelines, Version

ID: Final = string.ascii_lowercase + string.digits


class Executions:
    """Of one region."""

    def __init__(self, pipelines: Pipelines, context: Context) -> None:
        self._pipelines, self._context = pipelines, context
        self._lock = threading.RLock()
        self._executions: dict[str, PipelineExecution] = {}
        self._tokens: dict[tuple[str, str, str], str] = {}

    def calls(self) -> dict[str, Call]:
        return {
            "StartPipelineExecution": self._start,
            "StopPipelineExecution": self._stop,
            "RetryPipelineExecution": self._retry,
            "DescribePipelineExecution": lambda request: self.found(request).description(),
            "ListPipelineExecutions": self._list,
            "ListPipelineExecutionSteps": self._list_steps,
            "ListPipelineParametersForExecution": self._parameters,
            "DescribePipelineDefinitionForExecution": self._definition,
        }

    def arns(self) -> list[str]:
        """Of every execution there was, in the order in which they started."""
        with self._lock:
            return list(self._executions)

    def stop_all(self) -> None:
        with self._lock:
            found = list(self._executions.values())
        for one in found:
            one.stop()
        for one in found:
            one.wait()

    def fire(self, pipeline_arn: str, parameters: list[Mapping[str, str]], at: datetime) -> PipelineExecution:
        """Start one as a schedule does; raises the service's `ResourceNotFound`."""
        pipeline = self._pipelines.found(pipeline_arn)
        request = {"PipelineParameters": parameters}
        return self._begin(pipeline, pipeline.newest, request, at)

    def found(self, request: Mapping[str, Any]) -> PipelineExecution:
        """The one that a request names; raises the service's `ResourceNotFound`."""
        arn = request.get("PipelineExecutionArn", "")
        with self._lock:
            if arn not in self._executions:
                raise not_found(f"Pipeline execution with ARN {arn} does not exist.")
            return self._executions[arn]

    def _start(self, request: Mapping[str, Any]) -> dict[str, Any]:
        pipeline = self._pipelines.found(request["PipelineName"])
        version = self._pipelines.version(pipeline, request)
        key = ("start", pipeline.arn, request["ClientRequestToken"])
        with self._lock:
            if key not in self._tokens:
                begun = self._begin(pipeline, version, request, self._context.now())
                self._tokens[key] = begun.told.arn
            return {"PipelineExecutionArn": self._tokens[key]}

    def _begin(
        self, pipeline: Pipeline, version: Version, request: Mapping[str, Any], made: datetime
    ) -> PipelineExecution:
        arn = f"{pipeline.arn}/execution/{''.join(secrets.choice(ID) for _ in range(12))}"
        told = Told(
            arn, pipeline.arn, pipeline.name, version.number, version.text, version.definition,
            _parameters(version, request), request, _parallel(request) or _parallel(version.settings), made,
        )  # fmt: skip
        with self._lock:
            self._executions[arn] = PipelineExecution(told, self._context)
            return self._executions[arn]

    def _stop(self, request: Mapping[str, Any]) -> dict[str, Any]:
        found = self.found(request)
        key = ("stop", found.told.arn, request["ClientRequestToken"])
        with self._lock:
            if key not in self._tokens:
                if found.phase is not Phase.RUNNING:
                    raise invalid(_only(found, "Only pipelines with Executing status can be stopped"))
                self._tokens[key] = found.told.arn
                found.stop()
        return {"PipelineExecutionArn": found.told.arn}

    def _retry(self, request: Mapping[str, Any]) -> dict[str, Any]:
        found = self.found(request)
        key = ("retry", found.told.arn, request["ClientRequestToken"])
        with self._lock:
            if key not in self._tokens:
                if found.phase not in OVER - {Phase.SUCCEEDED}:
                    raise invalid(_only(found, "Only pipelines with Failed or Stopped status can be retried"))
                self._tokens[key] = found.told.arn
                found.retry(_parallel(request))
        return {"PipelineExecutionArn": found.told.arn}

    def _list(self, request: Mapping[str, Any]) -> dict[str, Any]:
        arn = self._pipelines.found(request["PipelineName"]).arn
        after, before = request.get("CreatedAfter"), request.get("CreatedBefore")
        with self._lock:
            found = [one for one in self._executions.values() if one.told.pipeline_arn == arn]
        told = [
            _summary(one)
            for one in ordered(found, request)
            if (after is None or one.told.made.timestamp() > after)
            and (before is None or one.told.made.timestamp() < before)
        ]
        return page(told, request, "PipelineExecutionSummaries")

    def _list_steps(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return page(ordered(self.found(request).steps(), request), request, "PipelineExecutionSteps")

    def _parameters(self, request: Mapping[str, Any]) -> dict[str, Any]:
        told = self.found(request).told.parameters
        return page(
            [{"Name": name, "Value": value} for name, value in told.items()], request, "PipelineParameters"
        )

    def _definition(self, request: Mapping[str, Any]) -> dict[str, Any]:
        told = self.found(request).told
        return {"PipelineDefinition": told.text, "CreationTime": told.made}


def _parameters(version: Version, request: Mapping[str, Any]) -> dict[str, str]:
    given = {one["Name"]: one["Value"] for one in request.get("PipelineParameters") or ()}
    known = version.definition.parameters
    if unknown := sorted(given.keys() - known.keys()):
        raise invalid(f"Parameters {unknown} are not defined in the pipeline definition.")
    found = {name: given.get(name, default) for name, default in known.items()}
    if missing := sorted(name for name, value in found.items() if value is None):
        raise invalid(f"Parameters {missing} have no default value and were not given.")
    return {name: str(value) for name, value in found.items()}


def _parallel(settings: Mapping[str, Any]) -> int | None:
    return settings.get("ParallelismConfiguration", {}).get("MaxParallelExecutionSteps")


def _only(found: PipelineExecution, what: str) -> str:
    return f"Pipeline execution with ARN {found.told.arn} status {STATES[found.phase]}. {what}."


def _summary(execution: PipelineExecution) -> dict[str, Any]:
    told = execution.description()
    names = ("ExecutionArn", "ExecutionStatus", "ExecutionDescription", "ExecutionDisplayName")
    found = {f"Pipeline{name}": told[f"Pipeline{name}"] for name in names if f"Pipeline{name}" in told}
    reason = {"PipelineExecutionFailureReason": told["FailureReason"]} if "FailureReason" in told else {}
    return {**found, **reason, "StartTime": told["CreationTime"]}
