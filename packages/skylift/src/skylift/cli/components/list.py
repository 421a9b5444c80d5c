"""`skylift orchestrator list`, and its like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from skylift.cli import documents, tables
from skylift.cli.commands import command, output_option
from skylift.stacks.document import read_configuration
from skylift.stacks.entries import Kind
from skylift.stacks.options import secrets_in_clear, shown_options
from skylift.url_passwords import without_passwords

if TYPE_CHECKING:
    from skylift.stacks.entries import Component, Entries


def _made(kind: Kind) -> click.Command:
    @command(
        "list",
        short_help="All that are registered.",
        examples=(f"skylift {kind.command} list", f"skylift {kind.command} list --output json"),
    )
    @output_option()
    def list_components(*, output: str) -> None:
        """All that are registered, and the stacks that have them."""
        entries = read_configuration()
        found = list(entries.components[kind].values())
        if output == "json":
            key = kind.value.removesuffix("y") + "ies" if kind.value.endswith("y") else f"{kind.value}s"
            documents.write({key: [component_fields(component, entries) for component in found]})
        else:
            _write(kind, found, entries)
        for component in found:
            warn_of_secrets(component, entries)

    return list_components


def component_fields(component: Component, entries: Entries) -> dict[str, Any]:
    """The fields of COMPONENT."""
    return {
        "name": component.name,
        "kind": component.kind.value,
        "flavor": component.flavor or None,
        "id": str(component.id) if component.id else None,
        "options": shown_options(component),
        "stacks": list(entries.used_by(component.kind, component.name)),
    }


def warn_of_secrets(component: Component, entries: Entries) -> None:
    """Say, beside the answer, which secrets the file holds in clear, and what to do."""
    for option, fix in secrets_in_clear(component).items():
        who = f"{component.kind.words} {component.name!r}, {option}"
        click.echo(f"{who}: it is a secret in clear in {entries.path}; {fix}", err=True)


def _write(kind: Kind, found: list[Component], entries: Entries) -> None:
    if not found:
        click.echo(f"none yet; see: skylift {kind.command} register --help", err=True)
        return
    rows = [
        (
            component.name,
            component.flavor
            or without_passwords(str(component.options.get("uri", "a folder of this user's"))),
            ", ".join(entries.used_by(kind, component.name)),
        )
        for component in found
    ]
    headers = ("NAME", "FLAVOR" if kind is Kind.ORCHESTRATOR else "URI", "STACKS")
    tables.write(tables.table(headers, rows, flexible=(2, 1)))


orchestrator, artifact_store, container_registry = (_made(kind) for kind in Kind)
