"""`skylift orchestrator list`, and its like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from skylift.cli import documents, tables
from skylift.cli.commands import command, output_option
from skylift.console.words import printable
from skylift.stacks.document import read_configuration
from skylift.stacks.entries import Component, Kind
from skylift.stacks.flaws import flaws_of
from skylift.stacks.options import secrets_in_clear, shown_options
from skylift.url_passwords import without_passwords

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skylift.stacks.entries import Entries


def _made(kind: Kind) -> click.Command:
    @command(
        "list",
        short_help="All that are registered.",
        examples=(f"skylift {kind.command} list", f"skylift {kind.command} list --output json"),
    )
    @output_option()
    def list_components(*, output: str) -> None:
        """All that are registered, and the stacks that have them; what is wrong with one, on stderr."""
        entries = read_configuration()
        found, flaws = entries.components[kind].values(), flaws_of(entries, kind)
        if output == "json":
            key = kind.value.removesuffix("y") + "ies" if kind.value.endswith("y") else f"{kind.value}s"
            documents.write({key: [*_documents(kind, entries, flaws)]})
        else:
            _write(kind, entries, flaws)
        for component in found:
            warn_of_secrets(component, entries)
        for name, flaw in flaws.items():
            click.echo(f"{kind.words} {name!r} cannot be used: {printable(flaw)}", err=True)

    return list_components


def _documents(kind: Kind, entries: Entries, flaws: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for component in entries.components[kind].values():
        yield {**component_fields(component, entries), "error": flaws.get(component.name)}
    for name in entries.broken[kind]:
        yield {**component_fields(Component(kind, name), entries), "error": flaws[name]}


def component_fields(component: Component, entries: Entries) -> dict[str, Any]:
    """The fields of COMPONENT, but its error."""
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


def _write(kind: Kind, entries: Entries, flaws: Mapping[str, str]) -> None:
    names = entries.names(kind)
    if not names:
        click.echo(f"none yet; see: skylift {kind.command} register --help", err=True)
        return
    rows = [
        (
            name,
            "broken, see below" if name in flaws else _what(entries.components[kind][name]),
            ", ".join(entries.used_by(kind, name)),
        )
        for name in names
    ]
    headers = ("NAME", "FLAVOR" if kind is Kind.ORCHESTRATOR else "URI", "STACKS")
    tables.write(tables.table(headers, rows, flexible=(2, 1)))


def _what(component: Component) -> str:
    return component.flavor or without_passwords(str(component.options.get("uri", "a folder of this user's")))


orchestrator, artifact_store, container_registry = (_made(kind) for kind in Kind)
