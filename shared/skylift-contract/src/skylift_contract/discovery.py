"""Finding plugins by their entry points, and saying plainly what is wrong with a broken one."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, Final

from skylift_contract import CONTRACT_MAJOR
from skylift_contract.errors import (
    ContractMismatch,
    DiscoveryError,
    FlavorBroken,
    FlavorConflict,
    FlavorNotFound,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from skylift_contract.flavor import BaseOrchestratorFlavor

ORCHESTRATORS: Final = "skylift.orchestrators"
MATERIALIZERS: Final = "skylift.materializers"
EMULATORS: Final = "skylift.emulators"
IMAGE_BUILDERS: Final = "skylift.image_builders"
SECRETS: Final = "skylift.secrets"

PLUGIN_OF: Final = {
    "local_docker": "skylift-docker",
    "kubernetes": "skylift-kubernetes",
    "kubeflow": "skylift-kubeflow",
    "airflow": "skylift-airflow",
    "sagemaker": "skylift-sagemaker",
    "vertex": "skylift-vertex",
    "azureml": "skylift-azureml",
    "databricks": "skylift-databricks",
}
"""Flavors of this project → the distribution that brings each."""


@dataclass(frozen=True, slots=True)
class Found:
    """One entry point, and the distribution that declares it."""

    name: str
    distribution: str
    entry_point: EntryPoint


def find(group: str, among: Iterable[EntryPoint] | None = None) -> Mapping[str, tuple[Found, ...]]:
    """Name → who claims it, in a group. Reads metadata only: nothing is imported."""
    claims: dict[str, dict[str, Found]] = {}
    for point in entry_points(group=group) if among is None else among:
        owner = f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown distribution"
        # One distribution may be seen twice, installed and in development; it is one claim.
        claims.setdefault(point.name, {}).setdefault(
            f"{owner}\n{point.value}", Found(point.name, owner, point)
        )
    return {name: tuple(found.values()) for name, found in sorted(claims.items())}


def load_flavor(name: str, among: Iterable[EntryPoint] | None = None) -> BaseOrchestratorFlavor:
    """The flavor of that name; its SDK stays unloaded.

    Raises `FlavorNotFound`, `FlavorConflict`, `FlavorBroken` or `ContractMismatch`, each
    naming the distribution and the fix.
    """
    claims = find(ORCHESTRATORS, among)
    if name not in claims:
        raise _not_found(name, claims)
    if len(claims[name]) > 1:
        owners = " and ".join(found.distribution for found in claims[name])
        raise FlavorConflict(f"{owners} both claim it", who=f"flavor {name!r}", fix="Uninstall one of them.")
    return _load(claims[name][0])


def all_flavors(
    among: Iterable[EntryPoint] | None = None,
) -> Mapping[str, BaseOrchestratorFlavor | DiscoveryError]:
    """Every flavor that is installed; a broken one is its error, and breaks no other."""
    among = list(entry_points(group=ORCHESTRATORS) if among is None else among)
    found: dict[str, Any] = {}
    for name in find(ORCHESTRATORS, among):
        try:
            found[name] = load_flavor(name, among)
        except DiscoveryError as error:
            found[name] = error
    return found


def _not_found(name: str, claims: Mapping[str, Any]) -> FlavorNotFound:
    if plugin := PLUGIN_OF.get(name):
        return FlavorNotFound(
            "it is not installed", who=f"flavor {name!r}", fix=f"Install it with: pip install {plugin}"
        )
    import difflib

    near = difflib.get_close_matches(name, [*claims, *PLUGIN_OF], n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Installed: {', '.join(claims) or 'none'}."
    return FlavorNotFound("no installed package brings it", who=f"flavor {name!r}", fix=hint)


def _load(found: Found) -> BaseOrchestratorFlavor:
    who = f"flavor {found.name!r} of {found.distribution}"
    try:
        flavor: Any = found.entry_point.load()()
    except Exception as error:
        raise FlavorBroken(
            f"it cannot be imported: {type(error).__name__}: {error}",
            who=who,
            fix=f"Reinstall or uninstall {found.distribution.split()[0]}.",
        ) from error
    _check_fits(flavor, found, who)
    return flavor


def _check_fits(flavor: Any, found: Found, who: str) -> None:
    from skylift_contract.flavor import BaseOrchestratorFlavor

    if not isinstance(flavor, BaseOrchestratorFlavor):
        raise FlavorBroken(
            f"{found.entry_point.value} is no BaseOrchestratorFlavor", who=who, fix="Subclass it."
        )
    if flavor.contract_major != CONTRACT_MAJOR:
        raise ContractMismatch(
            f"it was made for contract {flavor.contract_major}, and this is contract {CONTRACT_MAJOR}",
            who=who,
            fix=f"Upgrade {found.distribution.split()[0]} and skylift to versions that fit together.",
        )
    if flavor.name != found.name:
        raise FlavorBroken(
            f"its entry point is named {found.name!r} and it calls itself {flavor.name!r}",
            who=who,
            fix="Give both the same name.",
        )
