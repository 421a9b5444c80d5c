"""`skylift orchestrator describe`, and its like."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from skylift.cli import documents, tables
from skylift.cli.commands import command, output_option
from skylift.cli.components.list import component_fields, warn_of_secrets
from skylift.cli.components.options import name_argument
from skylift.stacks.document import read_configuration
from skylift.stacks.entries import DEFAULTS, Kind
from skylift.stacks.flaws import flaws_of
from skylift.stacks.options import known_options, shown_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    import click

    from skylift.stacks.entries import Component, Entries


def _made(kind: Kind) -> click.Command:
    @command(
        "describe",
        short_help="One with its options.",
        examples=(f"skylift {kind.command} describe NAME",),
    )
    @name_argument(kind)
    @output_option()
    def describe(*, name: str, output: str) -> None:
        """One with its options, and the stacks that have it. Secrets are shown as references."""
        entries = read_configuration()
        component = entries.component(kind, name)
        if output == "json":
            error = flaws_of(entries, kind).get(name)
            documents.write({kind.value: {**component_fields(component, entries), "error": error}})
        else:
            tables.write(_lines(component, entries))
        warn_of_secrets(component, entries)

    return describe


def _lines(component: Component, entries: Entries) -> Iterator[str]:
    yield f"{component.kind.words} {component.name}"
    if component.flavor:
        yield f"flavor  {component.flavor}"
    if component.id:
        yield f"id      {component.id}"
    yield f"stacks  {', '.join(entries.used_by(component.kind, component.name)) or 'none'}"
    is_builtin = component.name in DEFAULTS[component.kind]
    yield f"where   {'always there' if is_builtin else entries.path}"
    if component.kind is Kind.ORCHESTRATOR or not is_builtin:
        yield ""
        yield from _options(component)


def _options(component: Component) -> Iterator[str]:
    shown = shown_options(component)
    rows = [(name, _text(shown.get(name, "-"))) for name in known_options(component)]
    return tables.table(("OPTION", "VALUE"), rows, flexible=(1,))


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


orchestrator, artifact_store, container_registry = (_made(kind) for kind in Kind)
