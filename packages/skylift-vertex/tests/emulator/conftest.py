from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from vertex_cloud import Cloud, Fifo

from skylift_vertex.emulator import VertexEmulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def emulator() -> Iterator[VertexEmulator]:
    with VertexEmulator(grace_s=0.5, buckets=("documents",)) as made:
        yield made


@pytest.fixture
def cloud(emulator: VertexEmulator) -> Cloud:
    return Cloud(emulator)


@pytest.fixture
def fifo(tmp_path: Path) -> Fifo:
    return Fifo(tmp_path)
