"""The commands that change stacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from skylift.cli.commands import command
from skylift.cli.complete import registered, stacks
from skylift.stacks import changes
from skylift.stacks.document import read_configuration
from skylift.stacks.entries import DEFAULT, Kind, StackEntry
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LETTERS = {Kind.ORCHESTRATOR: "-o", Kind.ARTIFACT_STORE: "-a", Kind.CONTAINER_REGISTRY: "-c"}


def _parts() -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for kind in reversed(Kind):
            help_text = f"The {kind.words}, by its name."
            option = click.option(
                _LETTERS[kind],
                f"--{kind.command}",
                kind.value,
                metavar="NAME",
                help=help_text,
                shell_complete=registered(kind.value),
            )
            function = option(function)
        return function

    return decorate


def _given(parts: Mapping[str, str | None]) -> dict[Kind, str]:
    return {Kind(kind): name for kind, name in parts.items() if name is not None}


@command(
    "register",
    short_help="A new stack of registered components.",
    examples=("skylift stack register production -o prod_orchestrator -a bucket",),
)
@click.argument("name", metavar="NAME")
@_parts()
def register(*, name: str, **parts: str | None) -> None:
    """A new stack of registered components; `default` is the artifact store that is left out."""
    components = {Kind.ARTIFACT_STORE: DEFAULT, **_given(parts)}
    changes.register_stack(StackEntry(name, components))
    click.echo(f"stack {name!r} is registered; use it with: skylift stack set {name}", err=True)


@command("copy", short_help="A new stack like another.", examples=("skylift stack copy default production",))
@click.argument("source", metavar="STACK", shell_complete=stacks)
@click.argument("name", metavar="NAME")
def copy(*, source: str, name: str) -> None:
    """A new stack of the components that another has."""
    changes.copy_stack(source, name)
    click.echo(f"stack {name!r} is registered; use it with: skylift stack set {name}", err=True)


@command(
    "update",
    short_help="Give a stack other components.",
    examples=("skylift stack update production -o prod_orchestrator",),
)
@click.argument("name", metavar="STACK", shell_complete=stacks)
@_parts()
def update(*, name: str, **parts: str | None) -> None:
    """Give a stack other components; those that are not named stay."""
    if not (components := _given(parts)):
        raise ConfigurationError(
            "nothing is to be changed",
            who=f"stack {name!r}",
            fix="Name a component: -o NAME, -a NAME, -c NAME.",
        )
    changes.update_stack(name, components)
    click.echo(f"stack {name!r} is updated", err=True)


@command(
    "delete", short_help="Forget a stack; its components stay.", examples=("skylift stack delete production",)
)
@click.argument("name", metavar="STACK", shell_complete=stacks)
def delete(*, name: str) -> None:
    """Forget a stack; its components and its runs stay. The active stack cannot go."""
    changes.delete_stack(name)
    click.echo(f"stack {name!r} is deleted", err=True)


@command(
    "set",
    short_help="Run on this stack where nothing else is asked for.",
    examples=("skylift stack set production", "skylift stack set default"),
)
@click.argument("name", metavar="STACK", shell_complete=stacks)
def set_stack(*, name: str) -> None:
    """Make a stack the active one: what runs, and whose runs are listed, where nothing else is asked for."""
    changes.set_active(name)
    entries = read_configuration()
    if entries.active != name:
        say = f"in the file; here {entries.active_by} names another: {entries.active}"
        click.echo(f"stack {name!r} is the active one {say}", err=True)
    else:
        click.echo(f"stack {name!r} is the active one", err=True)
