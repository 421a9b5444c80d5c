"""Skylift's conformance kit, whole, over the emulator: Google's real SDK over HTTP, and jobs that really run."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from skylift_vertex_snapshots import IMAGE, LOCATION, PROJECT

from skylift_contract.capability import Capability, Support
from skylift_testkit import Conformance
from skylift_testkit.backend import Backend
from skylift_testkit.owners import Owner, usual_owners
from skylift_vertex.emulator import VertexEmulator
from skylift_vertex.emulator.backend import backend_of
from skylift_vertex.flavor import VertexOrchestratorFlavor


class TestConformance(Conformance):
    @pytest.fixture
    def flavor(self) -> VertexOrchestratorFlavor:
        return VertexOrchestratorFlavor()

    @pytest.fixture
    def emulator(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[VertexEmulator]:
        """Jobs see the variables by which the kit's steps talk to its tests."""
        told = {name: value for name, value in os.environ.items() if name.startswith("SKYLIFT_TESTKIT")}
        with VertexEmulator(environment=told, grace_s=0.5, buckets=("conformance",)) as made:
            for name, value in made.variables().items():
                monkeypatch.setenv(name, value)
            yield made

    @pytest.fixture
    def options(self, emulator: VertexEmulator) -> Mapping[str, Any]:
        return {
            "project": PROJECT,
            "location": LOCATION,
            "image": IMAGE,
            "pipeline_root": "gs://conformance/root",
            "api_endpoint": emulator.endpoint,
            "api_transport": "rest",
            "poll_s": 0.1,
        }

    @pytest.fixture
    def sdk(self) -> tuple[str, ...]:
        names = ("auth", "api_core", "cloud.aiplatform", "cloud.aiplatform_v1", "protobuf")
        return (*(f"google.{name}" for name in names), "grpc", "requests", "kfp")

    @pytest.fixture
    def backend(self, emulator: VertexEmulator) -> Backend:
        return backend_of(emulator)

    @pytest.fixture
    def is_emulated(self) -> bool:
        return True

    @pytest.fixture
    def secret(self, emulator: VertexEmulator) -> tuple[str, str]:
        value = f"conformance-{os.urandom(12).hex()}"
        emulator.secrets.add(PROJECT, "conformance", value.encode())
        return f"gcp-sm:{PROJECT}/conformance", value

    @pytest.fixture
    def owners(self, capabilities: Mapping[Capability, Support]) -> Mapping[str, Owner]:
        """Retries and the failure policy are Vertex's."""
        own = {"config.retry": Owner.DOCUMENT, "pipeline.execution_mode": Owner.DOCUMENT}
        return {**usual_owners(capabilities), **own}
