"""The kit on the flavor that every installation has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from skylift.local.flavor import LocalOrchestratorFlavor
from skylift_testkit import Conformance, OwnBackend

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class LocalBackend(OwnBackend):
    def kept(self) -> Sequence[str]:
        return []


class TestLocal(Conformance):
    @pytest.fixture
    def flavor(self) -> LocalOrchestratorFlavor:
        return LocalOrchestratorFlavor()

    @pytest.fixture
    def backend(self) -> LocalBackend:
        return LocalBackend()


class TestLocalInWorkers(TestLocal):
    @pytest.fixture
    def options(self) -> Mapping[str, Any]:
        return {"max_parallelism": 2}

    @pytest.fixture
    def runs_side_by_side(self) -> bool:
        return True
