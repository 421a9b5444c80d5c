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

BUILT: Final = frozenset({"skylift-docker", "skylift-sagemaker", "skylift-vertex"})
"""Of these distributions, the ones that there are: no other is to be had under its name."""


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


def distribution_of(flavor: str) -> str:
    """The installed distribution, with its version, that brings a flavor; empty where none does."""
    return " and ".join(found.distribution for found in find(ORCHESTRATORS).get(flavor, ()))


def near_flavor(name: str, installed: Iterable[str], *, likeness: float = 0.6) -> str | None:
    """The flavor, installed or one of this project's, that a name was probably meant to be.

    `likeness`: the least of it, from 0 for anything to 1 for the same name.
    """
    import difflib

    near = difflib.get_close_matches(name, [*installed, *PLUGIN_OF], n=1, cutoff=likeness)
    return near[0] if near else None


def _not_found(name: str, claims: Mapping[str, Any]) -> FlavorNotFound:
    who, what = f"flavor {name!r}", "no installed package brings it"
    plugin, installed = PLUGIN_OF.get(name), ", ".join(claims) or "none"
    if plugin in BUILT:
        return FlavorNotFound("it is not installed", who=who, fix=f"Install it with: pip install {plugin}")
    if plugin:
        what = f"its package, {plugin}, is not built yet"
        return FlavorNotFound(what, who=who, fix=f"Installed: {installed}.")
    if near := near_flavor(name, claims):
        return FlavorNotFound(what, who=who, fix=f"Did you mean {near!r}?")
    return FlavorNotFound(
        f"{what} (installed: {installed})",
        who=who,
        fix=f"Name it in the entry-point group {ORCHESTRATORS!r} of a package and install that, or register "
        "its class, skylift orchestrator flavor register module.Class; or give an instance of its "
        "orchestrator, with its options, in place of the name.",
    )


def _load(found: Found) -> BaseOrchestratorFlavor:
    who = f"flavor {found.name!r} of {found.distribution}"
    try:
        flavor: Any = found.entry_point.load()()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        # Not only Exception: a module that calls sys.exit must not end whoever lists flavors.
        raise FlavorBroken(
            f"it cannot be imported: {type(error).__name__}: {error}",
            who=who,
            fix=f"Reinstall or uninstall {found.distribution.split()[0]}.",
        ) from error
    _check_fits(flavor, found, who)
    return flavor


def _check_fits(flavor: Any, found: Found, who: str) -> None:
    from skylift_contract import card
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
    if (name := card.name_of(flavor)) != found.name:
        raise FlavorBroken(
            f"its entry point is named {found.name!r} and it calls itself {name!r}",
            who=who,
            fix="Give both the same name.",
        )
    card.check_card(flavor)
