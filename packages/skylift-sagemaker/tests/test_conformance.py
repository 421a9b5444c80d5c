"""Skylift's conformance kit, whole, over the emulator: real boto3 over HTTP, and jobs that really run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import boto3  # pyright: ignore[reportMissingTypeStubs]
import pytest
from sagemaker_cloud import REGION, used
from skylift_sagemaker_snapshots import IMAGE, ROLE

from skylift_contract.capability import Capability
from skylift_sagemaker.emulator import SagemakerEmulator
from skylift_sagemaker.emulator.backend import backend_of
from skylift_sagemaker.flavor import SagemakerOrchestratorFlavor
from skylift_testkit import Conformance
from skylift_testkit.owners import Owner, usual_owners
from skylift_testkit.resources import ASKED, Asked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skylift_contract.capability import Support
    from skylift_testkit.backend import Backend


class TestConformance(Conformance):
    @pytest.fixture
    def flavor(self) -> SagemakerOrchestratorFlavor:
        return SagemakerOrchestratorFlavor()

    @pytest.fixture
    def emulator(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[SagemakerEmulator]:
        """Jobs see the variables by which the kit's steps talk to its tests."""
        told = {name: value for name, value in os.environ.items() if name.startswith("SKYLIFT_TESTKIT")}
        with SagemakerEmulator(environment=told, grace_s=0.5) as made:
            used(made, REGION, monkeypatch)
            yield made

    @pytest.fixture
    def options(self, emulator: SagemakerEmulator) -> Mapping[str, Any]:
        return {
            "execution_role": ROLE,
            "scheduler_role": ROLE,
            "region": REGION,
            "image": IMAGE,
            "bucket": "conformance",
            "poll_s": 0.05,
        }

    @pytest.fixture
    def sdk(self) -> tuple[str, ...]:
        return ("boto3", "botocore", "sagemaker")

    @pytest.fixture
    def backend(self, emulator: SagemakerEmulator) -> Backend:
        return backend_of(emulator)

    @pytest.fixture
    def is_emulated(self) -> bool:
        return True

    @pytest.fixture
    def secret(self, emulator: SagemakerEmulator) -> tuple[str, str]:
        made: Any = boto3
        value = f"conformance-{os.urandom(12).hex()}"
        client = made.client("secretsmanager", region_name=REGION)
        arn = client.create_secret(Name="conformance", SecretString=value)["ARN"]
        return f"aws-sm:{arn}", value

    @pytest.fixture
    def environment_limit(self) -> tuple[int, int]:
        """A store, a submission and the run's own are three of the hundred."""
        return (97, 256)

    @pytest.fixture
    def owners(self, capabilities: Mapping[Capability, Support]) -> Mapping[str, Owner]:
        return usual_owners(capabilities)

    @pytest.fixture
    def resources(self) -> Mapping[Capability, Asked]:
        """Processing jobs have no A100."""
        types = ({"gpu_count": 1, "gpu_type": "T4"}, {"gpu_count": 1, "gpu_type": "L40S"})
        return {**ASKED, Capability.GPU_TYPE: types}
