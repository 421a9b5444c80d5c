"""What every suite is given, and the rules that its tests are never overridden, and never left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

import pytest

from skylift_contract.flavor import capabilities_of, make_orchestrator
from skylift_testkit.backend import Backend, OwnBackend
from skylift_testkit.refusals import refuse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from skylift_contract.capability import Capability, Support
    from skylift_contract.flavor import BaseOrchestratorFlavor
    from skylift_contract.orchestrator import BaseOrchestrator, BaseOrchestratorConfig


SUBJECT: Final[pytest.StashKey[tuple[str, Mapping[Capability, Support]]]] = pytest.StashKey()
"""Of a test: the flavor that it ran on, and what that declares."""


def about(*capabilities: Capability) -> pytest.MarkDecorator:
    """Mark what a test is about: a flavor that declares one of them as refused is not run through it.

    That it really refuses what it says is another test's to prove.
    """
    return pytest.mark.conformance(*capabilities)


class Suite:
    """The fixtures are the seam: `flavor` must be overridden, the others where they do not fit.

    `needs`: what a flavor must have, fully or emulated, to be called supported in what the
    suite is about. `is_optional`: a flavor is one of Skylift's without it, too.
    """

    needs: ClassVar[tuple[Capability, ...]] = ()
    is_optional: ClassVar[bool] = False

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

    @pytest.fixture(autouse=True)
    def _refused(
        self,
        request: pytest.FixtureRequest,
        flavor: BaseOrchestratorFlavor,
        capabilities: Mapping[Capability, Support],
    ) -> None:
        request.node.stash[SUBJECT] = flavor.name, capabilities
        for mark in request.node.iter_markers("conformance"):
            for capability in mark.args:
                if not capabilities[capability]:
                    refuse(f"{capability.value}: {capabilities[capability].describe()}")

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
    def backend(self, config: BaseOrchestratorConfig) -> Backend:
        """What stands behind the flavor, for tests that look at it, turn its clock or have it fail."""
        return OwnBackend() if config.is_synchronous else Backend()

    @pytest.fixture
    def is_emulated(self) -> bool:
        """Whether the backend is an emulator of this machine, whose steps reach a store in a folder."""
        return False

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
