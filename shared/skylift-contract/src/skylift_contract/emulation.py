"""What `skylift run … --emulate` asks of a package: a backend on this machine, in place of the real one.

Group `skylift.emulators`, name = flavor; the entry point is an `Emulator`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from skylift_contract.discovery import EMULATORS, PLUGIN_OF, find
from skylift_contract.errors import ConfigurationError, FlavorBroken, FlavorConflict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from contextlib import AbstractContextManager
    from importlib.metadata import EntryPoint

    from skylift_contract.orchestrator import BaseOrchestratorConfig


@dataclass(frozen=True, slots=True)
class Emulated:
    """What stands in for a backend, while its emulator runs.

    Args:
        variables: Of this process: where the backend's clients go, and credentials that are none.
        hides: Prefixes of variables that are out of sight meanwhile: credentials, endpoints.
        options: The orchestrator's, in place of its own.
        lacks: What it cannot show, each as a clause.
    """

    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    hides: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    lacks: tuple[str, ...] = ()


class Emulator(Protocol):
    """Starts a backend on loopback; it ends, with all that it runs, when the context does."""

    def __call__(self, config: BaseOrchestratorConfig) -> AbstractContextManager[Emulated]: ...


def load_emulator(flavor: str, among: Iterable[EntryPoint] | None = None) -> Emulator:
    """The emulator of a flavor.

    Raises `ConfigurationError` where there is none, `FlavorConflict` where two packages bring one, and
    `FlavorBroken` where it cannot be imported: most often because its extra is not installed.
    """
    who, claims = f"emulator of flavor {flavor!r}", list(find(EMULATORS, among).get(flavor, ()))
    if not claims:
        known = ", ".join(find(EMULATORS, among)) or "none"
        raise ConfigurationError(
            f"no installed package brings one (installed: {known})", who=who, fix="Leave out --emulate."
        )
    if len(claims) > 1:
        owners = " and ".join(found.distribution for found in claims)
        raise FlavorConflict(f"{owners} both bring one", who=who, fix="Uninstall one of them.")
    try:
        return claims[0].entry_point.load()
    except ImportError as error:
        plugin = PLUGIN_OF.get(flavor, claims[0].distribution.split()[0])
        raise FlavorBroken(
            f"it cannot be imported: {error}",
            who=who,
            fix=f'Install it with: pip install "{plugin}[emulator]"',
        ) from error
