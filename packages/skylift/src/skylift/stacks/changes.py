"""Changes of the configuration file: each is checked against what it says, then written whole."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from skylift.flavors import known
from skylift.stacks.build import default_config, flavor_in_place
from skylift.stacks.document import editing
from skylift.stacks.entries import DEFAULT, DEFAULTS, Component, Kind, StackEntry, check_name
from skylift.stacks.options import check_component
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, MutableMapping

    from tomlkit import TOMLDocument

    from skylift.stacks.entries import Entries


def register_component(component: Component) -> Component:
    """Write a new component, and return it with the id that it has from now on.

    Raises `ConfigurationError` for a name that is taken, an option that cannot be, a secret
    in clear; a `DiscoveryError` for its flavor.
    """
    who = f"{component.kind.words} {component.name!r}"
    check_name(component.name, who)
    check_component(component)
    with editing() as (document, before):
        if component.name in before.names(component.kind):
            fix = f"Change it with: skylift {component.kind.command} update {component.name}"
            raise ConfigurationError("there is one of that name already", who=who, fix=fix)
        made = replace(component, id=uuid4() if component.kind is Kind.ORCHESTRATOR else None)
        _section(document, component.kind.value)[component.name] = _table_of(made)
    return made


def update_component(
    kind: Kind, name: str, options: Mapping[str, Any], removed: Collection[str] = ()
) -> Component:
    """Set some options of a component, and take some away; the others stay, with their comments."""
    with editing() as (document, before):
        old = before.component(kind, name)
        _check_own(kind, name)
        for option in removed:
            if option not in old.options:
                raise ConfigurationError(
                    "it is not set",
                    who=f"{kind.words} {name!r}, {option}",
                    fix=f"See: skylift {kind.command} describe {name}",
                )
        kept = {option: value for option, value in old.options.items() if option not in removed}
        new = replace(old, options={**kept, **options})
        check_component(new)
        table = _section(document, kind.value)[name]
        table.update(options)
        for option in removed:
            del table[option]
    return new


def delete_component(kind: Kind, name: str) -> None:
    """Raises `ConfigurationError` while a stack has it; one that cannot be read goes too."""
    with editing() as (document, before):
        if name not in before.broken[kind]:
            before.component(kind, name)
            _check_own(kind, name)
        if users := before.used_by(kind, name):
            fix = f"Give it another: skylift stack update {users[0]} --{kind.command}=NAME"
            raise ConfigurationError(
                f"stack {', '.join(users)} has it", who=f"{kind.words} {name!r}", fix=fix
            )
        _drop(document, kind.value, name)


def register_stack(stack: StackEntry) -> None:
    """Raises `ConfigurationError` for a taken name or no orchestrator, `UnknownName` for a component."""
    who = f"stack {stack.name!r}"
    check_name(stack.name, who)
    for kind in (Kind.ORCHESTRATOR, Kind.ARTIFACT_STORE):
        if kind not in stack.components:
            raise ConfigurationError(
                f"it has no {kind.words}", who=who, fix=f"Name one: --{kind.command}={DEFAULT}"
            )
    with editing() as (document, before):
        if stack.name in {*before.stacks, *before.broken_stacks}:
            fix = f"Change it with: skylift stack update {stack.name}"
            raise ConfigurationError("there is one of that name already", who=who, fix=fix)
        for kind, name in stack.components.items():
            _check_part(before, kind, name)
        parts = {kind.value: name for kind, name in stack.components.items()}
        _section(document, "stack")[stack.name] = parts


def _check_part(before: Entries, kind: Kind, name: str) -> None:
    """Raise for a component that is not there; a flavor that needs no options stands for itself."""
    if kind is not Kind.ORCHESTRATOR:
        before.component(kind, name)
    elif flavor := flavor_in_place(before, name):
        default_config(flavor)
    else:
        before.component(kind, name, also=(one.name for one in known()))


def copy_stack(source: str, name: str) -> None:
    """A new stack of the same components."""
    from skylift.stacks.document import read_configuration

    register_stack(replace(read_configuration().stack(source), name=name))


def update_stack(name: str, components: Mapping[Kind, str]) -> None:
    """Give a stack other components; those that are not named stay."""
    with editing() as (document, before):
        before.stack(name)
        _check_own_stack(name)
        for kind, component in components.items():
            _check_part(before, kind, component)
        _section(document, "stack")[name].update({kind.value: part for kind, part in components.items()})


def delete_stack(name: str) -> None:
    """Its components stay; the active stack cannot go. One that cannot be read goes too."""
    with editing() as (document, before):
        if name not in before.broken_stacks:
            before.stack(name)
            _check_own_stack(name)
        if before.active == name:
            raise ConfigurationError(
                "it is the active one", who=f"stack {name!r}", fix=f"First: skylift stack set {DEFAULT}"
            )
        _drop(document, "stack", name)


def set_active(name: str) -> None:
    """Make a stack the one that runs where nothing else is asked for."""
    with editing() as (document, before):
        before.stack(name)
        _section(document, "active")["stack"] = name


def register_flavor(name: str, source: str) -> None:
    """Make a flavor known by its class, `module:Class`, in place of what was registered so."""
    with editing() as (document, _):
        _section(document, "flavor")[name] = source


def _table_of(component: Component) -> dict[str, Any]:
    flavor = {"flavor": component.flavor} if component.kind is Kind.ORCHESTRATOR else {}
    identity = {"id": str(component.id)} if component.id else {}
    return {**flavor, **component.options, **identity}


def _section(document: TOMLDocument, name: str) -> MutableMapping[str, Any]:
    """The table of a section; a new one stands at the end, and shows no line of its own."""
    import tomlkit

    if name not in document:
        document[name] = tomlkit.table(is_super_table=name not in {"active", "flavor"})
    return document[name]  # pyright: ignore[reportReturnType] -- `read_entries` has seen that it is a table


def _drop(document: TOMLDocument, section: str, name: str) -> None:
    table = _section(document, section)
    del table[name]
    if not table:  # its line would be gone too, and the document would not say so
        del document[section]


def _check_own(kind: Kind, name: str) -> None:
    if name in DEFAULTS[kind]:
        fix = f"Register one of your own: skylift {kind.command} register NAME …"
        raise ConfigurationError("it is always there, as it is", who=f"{kind.words} {name!r}", fix=fix)


def _check_own_stack(name: str) -> None:
    if name == DEFAULT:
        fix = f"Copy it, and change the copy: skylift stack copy {DEFAULT} NAME"
        raise ConfigurationError("it is always there, as it is", who=f"stack {name!r}", fix=fix)
