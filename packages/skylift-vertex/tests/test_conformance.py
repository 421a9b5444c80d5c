"""What of Skylift's conformance kit needs nothing behind the flavor: nothing here is submitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from skylift_vertex_snapshots import IMAGE, LOCATION, PROJECT

from skylift_contract.capability import Capability, Support
from skylift_testkit.configuration import ConfigSuite
from skylift_testkit.discovery import DiscoverySuite
from skylift_testkit.documents import CompileSuite
from skylift_testkit.owners import Owner, usual_owners
from skylift_testkit.resources import ResourceSuite
from skylift_testkit.run_ids import RunIdSuite
from skylift_vertex.flavor import VertexOrchestratorFlavor


class TestConformance(DiscoverySuite, ConfigSuite, CompileSuite, ResourceSuite, RunIdSuite):
    @pytest.fixture
    def flavor(self) -> VertexOrchestratorFlavor:
        return VertexOrchestratorFlavor()

    @pytest.fixture
    def options(self) -> Mapping[str, Any]:
        return {
            "project": PROJECT,
            "location": LOCATION,
            "image": IMAGE,
            "pipeline_root": "gs://conformance/root",
        }

    @pytest.fixture
    def sdk(self) -> tuple[str, ...]:
        return (
            "google.cloud.aiplatform_v1",
            "google.cloud.aiplatform",
            "google.auth",
            "google.api_core",
            "grpc",
            "requests",
            "kfp",
        )

    @pytest.fixture
    def owners(self, capabilities: Mapping[Capability, Support]) -> Mapping[str, Owner]:
        """Retries and the failure policy are Vertex's."""
        own = {"config.retry": Owner.DOCUMENT, "pipeline.execution_mode": Owner.DOCUMENT}
        return {**usual_owners(capabilities), **own}

    @pytest.fixture
    def store_uri(self) -> str:
        """Named, and never opened."""
        return "gs://conformance/store"
