from __future__ import annotations

from skylift_contract.capability import Capability
from skylift_contract.discovery import BUILT, PLUGIN_OF, load_flavor
from skylift_docker.flavor import DockerOrchestratorFlavor


def test_the_entry_point_brings_the_flavor() -> None:
    assert isinstance(load_flavor("local_docker"), DockerOrchestratorFlavor)
    assert PLUGIN_OF["local_docker"] in BUILT


def test_every_capability_is_declared() -> None:
    assert set(DockerOrchestratorFlavor().capabilities) == set(Capability)
