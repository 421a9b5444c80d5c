"""The emulator as the conformance kit looks at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from skylift_testkit.emulated import EmulatedBackend

if TYPE_CHECKING:
    from skylift_sagemaker.emulator.server import SagemakerEmulator

STARTS: Final = frozenset(
    {"StartPipelineExecution", "CreateSchedule", "UpdateSchedule", "CreateProcessingJob", "CreateTrainingJob"}
)
MAKES: Final = STARTS | {"CreatePipeline", "UpdatePipeline", "AddTags"}


def backend_of(emulator: SagemakerEmulator) -> EmulatedBackend:
    return EmulatedBackend(emulator, STARTS, MAKES)
