"""What every suite is given, and the rule that its tests are never overridden."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from skylift_contract.flavor import capabilities_of, make_orchestrator

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from skylift_contract.capability import Capability, Support
    from skylift_contract.flavor import BaseOrchestratorFlavor
    from skylift_contract.orchestrator import BaseOrchestrator, BaseOrchestratorConfig


class Suite:
    """The fixtures are the seam: `flavor` must be overridden, the others where they do not fit."""

    def __init_subclass__(cls) -> None:
        """Refuse a class that takes one of the kit's tests away."""
        super().__init_subclass__()
        if cls.__module__.startswith("skylift_testkit."):
            return
        for name in vars(cls):
            if name.startswith("test_") and any(hasattr(base, name) for base in cls.__bases__):
                raise TypeError(
                    f"{cls.__qualname__}.{name} replaces a test of the kit. Declare what the plugin does not "
                    "do as no('reason') among its capabilities, or mark the test with xfail(reason=…)."
                )

    @pytest.fixture
    def flavor(self) -> BaseOrchestratorFlavor:
        raise NotImplementedError("name the flavor: override the fixture `flavor`")

    @pytest.fixture
    def options(self) -> Mapping[str, Any]:
        """The component's options, as a person would register them."""
        return {}

    @pytest.fixture
    def sdk(self) -> tuple[str, ...]:
        """Top-level modules that only a used implementation may load."""
        return ()

    @pytest.fixture
    def store_uri(self, tmp_path: Path) -> str:
        """A store that the steps can reach; fresh in each test: some prove that nothing was written."""
        return f"file://{tmp_path}/store"

    @pytest.fixture
    def config(self, flavor: BaseOrchestratorFlavor, options: Mapping[str, Any]) -> BaseOrchestratorConfig:
        return flavor.config_class.parse(dict(options))

    @pytest.fixture
    def orchestrator(
        self, flavor: BaseOrchestratorFlavor, config: BaseOrchestratorConfig
    ) -> BaseOrchestrator:
        return make_orchestrator(flavor, config, name="conformance")

    @pytest.fixture
    def capabilities(
        self, flavor: BaseOrchestratorFlavor, config: BaseOrchestratorConfig
    ) -> Mapping[Capability, Support]:
        return capabilities_of(flavor, config)
