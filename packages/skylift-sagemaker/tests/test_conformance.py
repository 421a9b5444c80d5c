"""What of Skylift's conformance kit needs nothing behind the flavor: nothing here is submitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from skylift_sagemaker_snapshots import IMAGE, ROLE

from skylift_contract.capability import Capability
from skylift_sagemaker.flavor import SagemakerOrchestratorFlavor
from skylift_testkit.configuration import ConfigSuite
from skylift_testkit.discovery import DiscoverySuite
from skylift_testkit.documents import CompileSuite
from skylift_testkit.resources import ASKED, Asked, ResourceSuite
from skylift_testkit.run_ids import RunIdSuite


class TestConformance(DiscoverySuite, ConfigSuite, CompileSuite, ResourceSuite, RunIdSuite):
    @pytest.fixture
    def flavor(self) -> SagemakerOrchestratorFlavor:
        return SagemakerOrchestratorFlavor()

    @pytest.fixture
    def options(self) -> Mapping[str, Any]:
        return {
            "execution_role": ROLE,
            "scheduler_role": ROLE,
            "region": "eu-west-1",
            "image": IMAGE,
            "bucket": "conformance",
        }

    @pytest.fixture
    def sdk(self) -> tuple[str, ...]:
        return ("boto3", "botocore", "sagemaker")

    @pytest.fixture
    def environment_limit(self) -> tuple[int, int]:
        """A store, a submission and the run's own are three of the hundred."""
        return (97, 256)

    @pytest.fixture
    def resources(self) -> Mapping[Capability, Asked]:
        """Processing jobs have no A100."""
        types = ({"gpu_count": 1, "gpu_type": "T4"}, {"gpu_count": 1, "gpu_type": "L40S"})
        return {**ASKED, Capability.GPU_TYPE: types}

    @pytest.fixture
    def store_uri(self) -> str:
        """Named, and never opened."""
        return "s3://conformance/store"
