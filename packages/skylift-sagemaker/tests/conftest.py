from __future__ import annotations

import pytest
from skylift_sagemaker_snapshots import snapshot_of, step

from skylift_contract.snapshot import PipelineSnapshot


@pytest.fixture
def snapshot() -> PipelineSnapshot:
    return snapshot_of(step("load"), step("train_2", "load"))
