"""Skylift's conformance kit on this flavor, on a real engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from skylift_docker.flavor import DockerOrchestratorFlavor
from skylift_testkit import Conformance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift_testkit.docker.plugin import RunningEngine


class TestConformance(Conformance):
    @pytest.fixture
    def flavor(self) -> DockerOrchestratorFlavor:
        return DockerOrchestratorFlavor()

    @pytest.fixture
    def options(self, docker_engine: RunningEngine, skylift_image: str) -> Mapping[str, Any]:
        return {"docker_host": docker_engine.host, "image": skylift_image}

    @pytest.fixture
    def sdk(self) -> tuple[str, ...]:
        return ("docker", "requests")
