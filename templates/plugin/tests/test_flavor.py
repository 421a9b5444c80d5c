from __future__ import annotations

from skylift___plugin__.flavor import __Plugin__OrchestratorFlavor
from skylift_contract.capability import Capability
from skylift_contract.discovery import load_flavor
from skylift_contract.flavor import verify


def test_the_entry_point_brings_the_flavor() -> None:
    assert isinstance(load_flavor("__plugin__"), __Plugin__OrchestratorFlavor)


def test_the_implementation_can_start_a_pipeline() -> None:
    verify(__Plugin__OrchestratorFlavor())


def test_every_capability_is_declared() -> None:
    assert set(__Plugin__OrchestratorFlavor().capabilities) == set(Capability)
