"""Skylift's conformance kit on this flavor, against the emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from skylift___plugin__.emulator import __Plugin__Emulator
from skylift___plugin__.flavor import __Plugin__OrchestratorFlavor
from skylift_testkit import Conformance

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class TestConformance(Conformance):
    @pytest.fixture
    def flavor(self) -> __Plugin__OrchestratorFlavor:
        return __Plugin__OrchestratorFlavor()

    @pytest.fixture
    def options(self) -> Iterator[Mapping[str, Any]]:
        with __Plugin__Emulator() as emulator:
            yield {"endpoint": emulator.endpoint, "request_timeout_s": 300}

    @pytest.fixture
    def is_emulated(self) -> bool:
        """The emulator's steps run here, where they reach the kit's store in a folder."""
        return True
