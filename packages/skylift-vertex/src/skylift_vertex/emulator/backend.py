"""The emulator as the conformance kit looks at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from skylift_testkit.emulated import EmulatedBackend

if TYPE_CHECKING:
    from skylift_vertex.emulator.server import VertexEmulator

STARTS: Final = frozenset({"CreatePipelineJob", "CreateCustomJob", "CreateSchedule", "UpdateSchedule"})


def backend_of(emulator: VertexEmulator) -> EmulatedBackend:
    return EmulatedBackend(emulator, STARTS)
