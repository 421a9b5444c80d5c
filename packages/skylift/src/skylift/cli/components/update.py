"""`skylift orchestrator update`, and its like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from skylift.cli.commands import command
from skylift.cli.components.options import ANY_OPTION, name_argument, pairs, values
from skylift.stacks.changes import update_component
from skylift.stacks.document import read_configuration
from skylift.stacks.entries import Kind
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence


def _made(kind: Kind) -> click.Command:
    @command(
        "update",
        short_help="Change options of one.",
        examples=(f"skylift {kind.command} update NAME --option=value --remove other",),
        context_settings=ANY_OPTION,
    )
    @name_argument(kind)
    @click.option("--remove", multiple=True, metavar="OPTION", help="Take an option away.")
    @click.pass_context
    def update(ctx: click.Context, *, name: str, remove: Sequence[str]) -> None:
        """Change some options; those that are not named stay as they are."""
        _update(kind, name, ctx.args, [option.replace("-", "_") for option in remove])

    return update


def _update(kind: Kind, name: str, arguments: list[str], removed: Sequence[str]) -> None:
    who = f"{kind.words} {name!r}"
    texts = pairs(arguments, who)
    if not texts and not removed:
        fix = f"Name an option, or see: skylift {kind.command} describe {name}"
        raise ConfigurationError("nothing is to be changed", who=who, fix=fix)
    component = read_configuration().component(kind, name)
    options: dict[str, Any] = values(texts, component, who)
    update_component(kind, name, options, removed)
    click.echo(f"{who} is updated", err=True)


orchestrator, artifact_store, container_registry = (_made(kind) for kind in Kind)
