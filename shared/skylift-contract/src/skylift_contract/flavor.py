"""A flavor: what a host may know of a kind of orchestrator before it imports its SDK."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final

from skylift_contract import CONTRACT_MAJOR, card
from skylift_contract.capability import EMULATED, FULL, Capability, Support, no
from skylift_contract.errors import FlavorBroken
from skylift_contract.orchestrator import BaseOrchestrator, ContainerizedOrchestrator, overrides

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from skylift_contract.model import Settings
    from skylift_contract.orchestrator import BaseOrchestratorConfig

_OF_CONTAINERS: Final = (
    Capability.CPU,
    Capability.MEMORY,
    Capability.GPU,
    Capability.GPU_TYPE,
    Capability.IMAGES,
)
"""What the documented interface hands on with each step's image; a process has none of it by itself."""

_BY_METHOD: Final = {
    Capability.DYNAMIC_PIPELINES: "submit_dynamic_pipeline",
    Capability.ISOLATED_STEPS: "submit_isolated_step",
    Capability.RUN_STATUS: "fetch_status",
    Capability.STEP_STATUS: "fetch_status",
    Capability.STOP: "stop_run",
    Capability.STOP_GRACEFUL: "stop_run",
    Capability.LOGS: "fetch_logs",
    Capability.FIND_RUN: "find_run",
    Capability.LIST_EXECUTIONS: "list_executions",
    Capability.SCHEDULE_MANAGEMENT: "delete_schedule",
}

_SCHEDULING: Final = tuple(
    c for c in Capability if c.value.startswith("schedule_") and c is not Capability.SCHEDULE_MANAGEMENT
)

BY_THE_RUNTIME: Final = MappingProxyType(
    {
        Capability.STEP_RETRIES: EMULATED("exceptions only: a killed container is not retried"),
        Capability.FAIL_FAST: EMULATED("running steps finish; a step that starts after a failure is skipped"),
        Capability.STOP_ON_FAILURE: EMULATED("a step that starts after a failure is skipped"),
        Capability.CONTINUE_ON_FAILURE: EMULATED("a step whose upstream failed is skipped"),
        Capability.SECRETS: EMULATED("read by the step's process, with its own credentials"),
        Capability.SECRETS_FROM_ENVIRONMENT: no(
            "another machine has not this environment; name where its platform keeps it, such as aws-sm:… or "
            "gcp-sm:…"
        ),
        Capability.STEP_TIMEOUT: EMULATED("the step's process ends itself"),
    }
)
"""What a step's own process does where its backend does not."""


WITHOUT_BUILDER: Final = (
    "ready images are pulled; requirements are installed when a container starts, and what has to be built "
    "is refused"
)
"""How a flavor that builds no images has them."""


class BaseOrchestratorFlavor(ABC):
    """Subclass it, name it in the entry-point group `skylift.orchestrators`, and it is found.

    The module it stands in must not import an SDK: every listing of flavors imports it.
    """

    contract_major: ClassVar[int] = CONTRACT_MAJOR

    @property
    @abstractmethod
    def name(self) -> str:
        """What people write after `--flavor`; the same as the entry point's name."""

    @property
    @abstractmethod
    def config_class(self) -> type[BaseOrchestratorConfig]: ...

    @property
    @abstractmethod
    def implementation_class(self) -> type[BaseOrchestrator]:
        """Import it here, in the body: this is what loads the SDK."""

    @property
    def settings_class(self) -> type[Settings] | None:
        """What `settings["orchestrator.<name>"]` may hold; None to carry it unread.

        Read it with `settings_class.from_snapshot`: a snapshot holds durations in microseconds.
        """
        return None

    @property
    def title(self) -> str:
        return self.name.replace("_", " ").title()

    @property
    def capabilities(self) -> Mapping[Capability, Support] | None:
        """What it does; None to have it inferred from what the implementation overrides."""
        return None


def capabilities_of(
    flavor: BaseOrchestratorFlavor, config: BaseOrchestratorConfig
) -> Mapping[Capability, Support]:
    """What a flavor declares, or what its implementation shows by what it overrides."""
    declared = card.capabilities(flavor)
    return declared if declared is not None else infer(card.implementation_class(flavor), config)


def infer(
    implementation: type[BaseOrchestrator], config: BaseOrchestratorConfig
) -> Mapping[Capability, Support]:
    """Capabilities of a class that declares none: it does what it overrides, and what containers do."""
    undeclared = no(f"the flavor of {implementation.__name__} does not declare it among its capabilities")
    of_containers = FULL if issubclass(implementation, ContainerizedOrchestrator) else undeclared
    found = dict.fromkeys(_OF_CONTAINERS, of_containers) | dict(BY_THE_RUNTIME)
    found |= {Capability.STATIC_PIPELINES: FULL, Capability.STEP_ENVIRONMENT: FULL}
    found[Capability.PARALLEL_STEPS] = undeclared
    for capability, method in _BY_METHOD.items():
        here = overrides(implementation, method)
        found[capability] = FULL if here else no(f"{implementation.__name__} does not override {method}")
    scheduling = FULL if config.is_schedulable else no(f"{type(config).__name__}.is_schedulable is False")
    found |= dict.fromkeys(_SCHEDULING, scheduling)
    if not config.is_remote:
        found[Capability.SECRETS_FROM_ENVIRONMENT] = FULL
    if config.handles_step_retries:
        found[Capability.STEP_RETRIES] = FULL
    return MappingProxyType(found)


def verify(flavor: BaseOrchestratorFlavor) -> None:
    """Raise `FlavorBroken` for an implementation that could never start a pipeline."""
    implementation = card.implementation_class(flavor)
    if not any(overrides(implementation, m) for m in ("submit_pipeline", "prepare_or_run_pipeline")):
        raise FlavorBroken(
            f"{implementation.__name__} overrides neither submit_pipeline nor prepare_or_run_pipeline, "
            "so it would start nothing",
            who=card.origin(flavor),
            fix="Implement submit_pipeline.",
        )
    if missing := getattr(implementation, "__abstractmethods__", frozenset[str]()):
        raise FlavorBroken(
            f"{implementation.__name__} lacks {', '.join(sorted(missing))}",
            who=card.origin(flavor),
            fix="Implement it: each step calls it to find its run.",
        )


def make_orchestrator(
    flavor: BaseOrchestratorFlavor,
    config: BaseOrchestratorConfig,
    *,
    name: str = "",
    id: UUID | None = None,
) -> BaseOrchestrator:
    """An orchestrator of this flavor; raises `FlavorBroken` for one that cannot be."""
    verify(flavor)
    flavor_name, implementation = card.name_of(flavor), card.implementation_class(flavor)

    def broken(cause: str) -> FlavorBroken:
        return FlavorBroken(f"{implementation.__name__} cannot be made: {cause}", who=card.origin(flavor))

    with card.guarded(broken):
        return implementation(config, name=name or flavor_name, flavor=flavor_name, id=id)
