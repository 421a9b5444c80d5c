"""From entries to components: what a run is made with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from skylift import project
from skylift.flavors import is_flavor, known, load_flavor
from skylift.stacks.document import read_configuration
from skylift.stacks.entries import DEFAULT, NAME, Kind
from skylift.stacks.options import filled_store, parsed_options
from skylift_contract import card
from skylift_contract.discovery import PLUGIN_OF
from skylift_contract.errors import ConfigurationError, FlavorBroken, FlavorNotFound, listed
from skylift_contract.flavor import make_orchestrator
from skylift_contract.stack import ArtifactStore, ContainerRegistry, Stack

if TYPE_CHECKING:
    from skylift.stacks.entries import Component, Entries, StackEntry
    from skylift_contract.flavor import BaseOrchestratorFlavor
    from skylift_contract.orchestrator import BaseOrchestrator, BaseOrchestratorConfig

_MAKE_ONE: Final = (
    "Register one, skylift orchestrator register NAME --flavor=FLAVOR; a flavor of your own, skylift "
    "orchestrator flavor register module.Class; or give an instance of its orchestrator, with its options."
)


def build_stack(
    name: str | None = None,
    orchestrator: BaseOrchestrator | None = None,
    store: ArtifactStore | None = None,
    entries: Entries | None = None,
) -> Stack:
    """The registered stack of that name, by default the active one, ready to run on.

    `orchestrator`, `store`: in place of its own, which are not looked at then. `entries`: by
    default what the configuration file says.

    Raises `ConfigurationError` for a stack without an orchestrator, for a component that is
    not there any more, for options and references that cannot be.
    """
    entries = entries or read_configuration()
    stack = entries.stack(name or entries.active)
    registry = stack.components.get(Kind.CONTAINER_REGISTRY)
    return Stack(
        stack.name,
        orchestrator or _own_orchestrator(entries, stack),
        store or build_store(_part(entries, stack, Kind.ARTIFACT_STORE)),
        _registry(_part(entries, stack, Kind.CONTAINER_REGISTRY)) if registry else None,
    )


def active_store() -> ArtifactStore:
    """The active stack's artifact store; its orchestrator is not looked at."""
    entries = read_configuration()
    return build_store(_part(entries, entries.stack(entries.active), Kind.ARTIFACT_STORE))


def store_named(asked: str) -> ArtifactStore:
    """A registered artifact store, or the one at a URI.

    Raises `UnknownName` for a name that none has; what is neither, opening it refuses.
    """
    if NAME.fullmatch(asked) is None:
        return ArtifactStore(asked)
    return build_store(read_configuration().component(Kind.ARTIFACT_STORE, asked))


def store_of_stack(name: str) -> str:
    """The name of a stack's artifact store."""
    entries = read_configuration()
    return _part(entries, entries.stack(name), Kind.ARTIFACT_STORE).name


def store_hint(uri: str) -> str:
    """What a command needs besides a run's id to find it in a store: ` --store NAME`, or nothing."""
    try:
        return "" if active_store().uri == uri else f" --store {store_at(uri)}"
    except ConfigurationError:
        return f" --store {uri}"


def store_at(uri: str) -> str:
    """The name of a registered artifact store at a URI, which may have options; else the URI."""
    stores = read_configuration().components[Kind.ARTIFACT_STORE].values()
    return next((one.name for one in stores if one.options.get("uri") == uri), uri)


def orchestrator_named(name: str, flavor: str | None = None) -> BaseOrchestrator:
    """A registered orchestrator, or a flavor of that name with its default options.

    `flavor`: the one it must be of; one of another flavor that was registered under the name
    since is not meant.

    Raises `ConfigurationError`, or a `DiscoveryError` for one of a flavor that is not installed,
    where there is neither.
    """
    entries = read_configuration()
    if name in entries.broken[Kind.ORCHESTRATOR]:
        raise entries.broken[Kind.ORCHESTRATOR][name]
    component = entries.components[Kind.ORCHESTRATOR].get(name)
    if component is not None and flavor in {None, component.flavor}:
        return build_orchestrator(component)
    try:
        found = load_flavor(flavor or name)
    except FlavorNotFound as error:
        raise (error if flavor else _neither(error, name, entries)) from None
    return make_orchestrator(found, default_config(found))


def flavor_in_place(entries: Entries, name: str) -> BaseOrchestratorFlavor | None:
    """The flavor that a stack names where no orchestrator of that name is registered.

    Raises a `DiscoveryError` for one that is broken.
    """
    is_registered = name in entries.names(Kind.ORCHESTRATOR)
    return load_flavor(name) if not is_registered and is_flavor(name) else None


def _own_orchestrator(entries: Entries, stack: StackEntry) -> BaseOrchestrator:
    flavor = flavor_in_place(entries, stack.components.get(Kind.ORCHESTRATOR, ""))
    if flavor is not None:
        return make_orchestrator(flavor, default_config(flavor))
    return build_orchestrator(_part(entries, stack, Kind.ORCHESTRATOR))


def check_parts(entries: Entries, stack: StackEntry) -> None:
    """Raise `ConfigurationError` or a `DiscoveryError` where a component is not there, or cannot be."""
    wanted = [
        Kind.ARTIFACT_STORE,
        *([Kind.CONTAINER_REGISTRY] if Kind.CONTAINER_REGISTRY in stack.components else []),
    ]
    if flavor_in_place(entries, stack.components.get(Kind.ORCHESTRATOR, "")) is None:
        wanted.insert(0, Kind.ORCHESTRATOR)
    for kind in wanted:
        _part(entries, stack, kind)


def default_config(flavor: BaseOrchestratorFlavor) -> BaseOrchestratorConfig:
    """Raises `ConfigurationError` with every option that has no default."""
    config = card.config_class(flavor)
    required = [name for name, field in config.model_fields.items() if field.is_required()]
    if required:
        given = " ".join(f"--{name}=…" for name in required)
        raise ConfigurationError(
            f"its name alone is not enough: options of {config.__name__} have no default",
            who=f"orchestrator {flavor.name!r}",
            value=", ".join(required),
            fix=f"Register one, skylift orchestrator register NAME --flavor={flavor.name} {given}, and name "
            f"that; or give an instance, make_orchestrator({type(flavor).__name__}(), {config.__name__}(…)).",
        )

    def broken(cause: str) -> FlavorBroken:
        return FlavorBroken(f"{config.__name__} cannot be made: {cause}", who=card.origin(flavor))

    with card.guarded(broken):
        return config()


def _neither(error: FlavorNotFound, name: str, entries: Entries) -> Exception:
    import difflib

    registered, flavors = sorted(entries.names(Kind.ORCHESTRATOR)), sorted({one.name for one in known()})
    if name in PLUGIN_OF:
        return error
    near = difflib.get_close_matches(name, [*registered, *flavors, *PLUGIN_OF], n=1)
    hint = f"Did you mean {near[0]!r}?" if near else _MAKE_ONE
    has = f"Registered: {listed(registered)}; flavors: {listed(flavors)}."
    return ConfigurationError(f"there is no orchestrator named {name!r}", fix=f"{hint} {has}")


def build_orchestrator(component: Component) -> BaseOrchestrator:
    config = parsed_options(component)
    return make_orchestrator(load_flavor(component.flavor), config, name=component.name, id=component.id)


def build_store(component: Component) -> ArtifactStore:
    if component.name == DEFAULT:
        return ArtifactStore(project.default_store_uri())
    uri, options = filled_store(component)
    return ArtifactStore(uri, options, component.name)


def _registry(component: Component) -> ContainerRegistry:
    return ContainerRegistry(parsed_options(component).uri, component.name)


def _part(entries: Entries, stack: StackEntry, kind: Kind) -> Component:
    name = stack.components.get(kind)
    who = f"{entries.path}, stack {stack.name!r}"
    fix = f"Give it one: skylift stack update {stack.name} --{kind.command}=NAME"
    if name is None:
        raise ConfigurationError(f"it has no {kind.words}", who=who, fix=fix)
    if name not in entries.names(kind):
        raise ConfigurationError(f"its {kind.words} {name!r} is not registered any more", who=who, fix=fix)
    return entries.component(kind, name)
