from __future__ import annotations

from skylift_contract.capability import Capability
from skylift_contract.discovery import load_flavor
from skylift_contract.flavor import verify
from skylift_vertex.flavor import VertexOrchestratorFlavor


def test_the_entry_point_brings_the_flavor() -> None:
    assert isinstance(load_flavor("vertex"), VertexOrchestratorFlavor)


def test_the_implementation_can_start_a_pipeline() -> None:
    verify(VertexOrchestratorFlavor())


def test_every_capability_is_declared() -> None:
    assert set(VertexOrchestratorFlavor().capabilities) == set(Capability)
