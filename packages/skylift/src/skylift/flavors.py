"""Flavors: the installed ones, and those that the configuration file names."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

from skylift.project import find_project_file
from skylift.stacks.document import read_configuration
from skylift_contract import discovery
from skylift_contract.discovery import ORCHESTRATORS
from skylift_contract.errors import FlavorNotFound
from skylift_contract.flavor import capabilities_of, infer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift_contract.capability import Capability, Support
    from skylift_contract.errors import DiscoveryError
    from skylift_contract.flavor import BaseOrchestratorFlavor
    from skylift_contract.orchestrator import BaseOrchestrator


def load_flavor(name: str) -> BaseOrchestratorFlavor:
    """The flavor of that name; raises a `DiscoveryError` that names the fix."""
    return discovery.load_flavor(name, known())


def all_flavors() -> Mapping[str, BaseOrchestratorFlavor | DiscoveryError]:
    """Every flavor that can be found; a broken one is its error."""
    return discovery.all_flavors(known())


def known() -> list[EntryPoint]:
    """Where flavors are found; nothing is imported yet."""
    registered = read_configuration().flavors
    if registered:
        reach_project()
    return [*entry_points(group=ORCHESTRATORS), *(entry_point(*item) for item in registered.items())]


def is_flavor(name: str) -> bool:
    """Whether there is one of that name; it may turn out to be broken when it is loaded."""
    return any(point.name == name for point in known())


def reach_project() -> None:
    """Make the project's own modules importable, after everything that is installed."""
    file = find_project_file()
    if file is not None and str(file.parent) not in sys.path:
        sys.path.append(str(file.parent))


def entry_point(name: str, source: str) -> EntryPoint:
    """A flavor that was registered by its class, as if its package had declared it."""
    return EntryPoint(name, source, ORCHESTRATORS)


def owner(name: str) -> str:
    """Who brings a flavor: a distribution with its version, or the class it was registered by."""
    found = discovery.find(ORCHESTRATORS, known())[name][0]
    return found.distribution if found.entry_point.dist else found.entry_point.value


def capabilities(orchestrator: BaseOrchestrator) -> Mapping[Capability, Support]:
    """The flavor's own declaration; of an orchestrator without a flavor, what it overrides."""
    config, flavor = orchestrator.config, flavor_of(orchestrator)
    return capabilities_of(flavor, config) if flavor else infer(type(orchestrator), config)


def flavor_of(orchestrator: BaseOrchestrator) -> BaseOrchestratorFlavor | None:
    """The installed flavor of that name; None for an instance of a class that has none."""
    try:
        return load_flavor(orchestrator.flavor)
    except FlavorNotFound:
        return None
