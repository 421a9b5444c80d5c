"""The commands that show stacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from skylift.cli import documents, tables
from skylift.cli.commands import command, output_option
from skylift.cli.complete import stacks
from skylift.stacks.document import read_configuration
from skylift.stacks.entries import DEFAULT, STACK_VARIABLE, Kind
from skylift.url_passwords import without_passwords

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skylift.stacks.entries import Entries, StackEntry


@command(
    "list",
    short_help="All stacks; the active one has a star.",
    examples=("skylift stack list", "skylift stack list --output json"),
)
@output_option()
def list_stacks(*, output: str) -> None:
    """All stacks; the active one has a star."""
    entries = read_configuration()
    if output == "json":
        stacks = [_fields(stack, entries) for stack in entries.stacks.values()]
        documents.write({"stacks": stacks})
        return
    rows = [
        (
            "*" if stack.name == entries.active else "",
            stack.name,
            *(stack.components.get(kind, "-") for kind in Kind),
        )
        for stack in entries.stacks.values()
    ]
    headers = ("", "STACK", *(kind.words.upper() for kind in Kind))
    tables.write([*tables.table(headers, rows, flexible=(4, 3, 2)), *_said_elsewhere(entries)])


@command(
    "describe",
    short_help="A stack with its components.",
    examples=("skylift stack describe", "skylift stack describe production --output json"),
)
@click.argument("name", metavar="[STACK]", required=False, shell_complete=stacks)
@output_option()
def describe(*, name: str | None, output: str) -> None:
    """A stack with its components; by default the active one."""
    entries = read_configuration()
    stack = entries.stack(name or entries.active)
    if output == "json":
        documents.write({"stack": _fields(stack, entries)})
    else:
        tables.write(_lines(stack, entries))


def _said_elsewhere(entries: Entries) -> Iterator[str]:
    """Where not the file says which stack is active."""
    if entries.active_by == STACK_VARIABLE:
        known = "" if entries.active in entries.stacks else ", and there is none of that name"
        yield ""
        yield f"{STACK_VARIABLE} says which is active: {entries.active}{known}"


def _fields(stack: StackEntry, entries: Entries) -> dict[str, Any]:
    """The fields of STACK."""
    parts = {kind.value: stack.components.get(kind) for kind in Kind}
    is_active = stack.name == entries.active
    by = entries.active_by if is_active else ""
    return {"name": stack.name, "active": is_active, "active_by": by or None, **parts}


def _lines(stack: StackEntry, entries: Entries) -> Iterator[str]:
    by = f" by {STACK_VARIABLE}" if entries.active_by == STACK_VARIABLE else ""
    yield f"stack {stack.name}{f' (active{by})' if stack.name == entries.active else ''}"
    yield f"where {'always there' if stack.name == DEFAULT else entries.path}"
    yield ""
    rows = [(kind.words, *_part(stack, kind, entries)) for kind in Kind]
    yield from tables.table(("COMPONENT", "NAME", "WHAT"), rows, flexible=(2,))


def _part(stack: StackEntry, kind: Kind, entries: Entries) -> tuple[str, str]:
    name = stack.components.get(kind)
    if name is None:
        return "-", ""
    component = entries.components[kind].get(name)
    if component is None:
        return name, "not registered any more"
    return name, component.flavor or without_passwords(
        str(component.options.get("uri", "a folder of this user's"))
    )
