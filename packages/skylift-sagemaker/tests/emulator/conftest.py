from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sagemaker_cloud import REGION, Cloud, Fifo, used

from skylift_sagemaker.emulator import SagemakerEmulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def region() -> str:
    return REGION


@pytest.fixture
def emulator(region: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[SagemakerEmulator]:
    with SagemakerEmulator(grace_s=0.5) as made:
        used(made, region, monkeypatch)
        yield made


@pytest.fixture
def cloud(emulator: SagemakerEmulator) -> Cloud:
    return Cloud(emulator)


@pytest.fixture
def fifo(tmp_path: Path) -> Fifo:
    return Fifo(tmp_path)
