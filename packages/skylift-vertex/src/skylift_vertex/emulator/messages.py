"""Google's own messages, of which nobody has types, behind one door."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

from google.protobuf.json_format import MessageToDict, ParseDict, ParseError

from skylift_vertex.emulator.answers import invalid

_VERTEX: Final[Any] = import_module("google.cloud.aiplatform_v1")
_PIPELINES: Final[Any] = import_module("kfp.pipeline_spec.pipeline_spec_pb2")

JobState: Final[Any] = _VERTEX.JobState
PipelineState: Final[Any] = _VERTEX.PipelineState
TaskState: Final[Any] = _VERTEX.PipelineTaskDetail.State
ScheduleState: Final[Any] = _VERTEX.Schedule.State
FAIL_FAST: Final[Any] = _VERTEX.PipelineFailurePolicy.PIPELINE_FAILURE_POLICY_FAIL_FAST
ACCELERATORS: Final[frozenset[str]] = frozenset(_VERTEX.AcceleratorType.__members__)
CODES: Final[Any] = import_module("google.rpc.code_pb2").Code


def vertex(name: str, told: Any = None) -> Any:
    """A message of Vertex AI: `CustomJob`, and what came of it as JSON."""
    kind = getattr(_VERTEX, name)
    return _filled(kind.pb(kind()), told)


def pipeline(name: str, told: Any) -> Any:
    """A message of KFP's documents: `PipelineSpec`."""
    return _filled(getattr(_PIPELINES, name)(), told)


def copied(message: Any) -> Any:
    found = type(message)()
    found.CopyFrom(message)
    return found


def shown(message: Any) -> dict[str, Any]:
    return MessageToDict(message)


def _filled(message: Any, told: Any) -> Any:
    """What a message does not know is refused, as the service does."""
    try:
        return ParseDict(told or {}, message)
    except ParseError as error:
        raise invalid(f"Invalid JSON payload received. {error}") from error
