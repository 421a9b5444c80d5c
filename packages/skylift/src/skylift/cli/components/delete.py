"""`skylift orchestrator delete`, and its like."""

from __future__ import annotations

import click

from skylift.cli.commands import command
from skylift.cli.components.options import name_argument
from skylift.stacks.changes import delete_component
from skylift.stacks.entries import Kind


def _made(kind: Kind) -> click.Command:
    @command(
        "delete",
        short_help="Forget one.",
        examples=(f"skylift {kind.command} delete NAME",),
    )
    @name_argument(kind)
    def delete(*, name: str) -> None:
        """Forget one; what it ran and what it holds stay. Refused while a stack has it."""
        delete_component(kind, name)
        click.echo(f"{kind.words} {name!r} is deleted", err=True)

    return delete


orchestrator, artifact_store, container_registry = (_made(kind) for kind in Kind)
