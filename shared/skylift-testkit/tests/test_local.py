"""The kit on the flavor that every installation has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from skylift.local.flavor import LocalOrchestratorFlavor
from skylift_testkit import Conformance

if TYPE_CHECKING:
    from collections.abc import Mapping


class TestLocal(Conformance):
    @pytest.fixture
    def flavor(self) -> LocalOrchestratorFlavor:
        return LocalOrchestratorFlavor()


class TestLocalInWorkers(Conformance):
    @pytest.fixture
    def flavor(self) -> LocalOrchestratorFlavor:
        return LocalOrchestratorFlavor()

    @pytest.fixture
    def options(self) -> Mapping[str, Any]:
        return {"max_parallelism": 2}
