"""The commands that show stacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from skylift.cli import documents, tables
from skylift.cli.commands import command, output_option
from skylift.cli.complete import stacks
from skylift.console.words import printable
from skylift.stacks.build import flavor_in_place
from skylift.stacks.document import read_configuration
from skylift.stacks.entries import DEFAULT, STACK_VARIABLE, Kind, StackEntry
from skylift.stacks.flaws import flaw_of_stack
from skylift.url_passwords import without_passwords

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skylift.stacks.entries import Entries


@command(
    "list",
    short_help="All stacks; the active one has a star.",
    examples=("skylift stack list", "skylift stack list --output json"),
)
@output_option()
def list_stacks(*, output: str) -> None:
    """All stacks; the active one has a star. What is wrong with one is said on stderr."""
    entries = read_configuration()
    flaws = _flaws(entries)
    stacks = [*entries.stacks.values(), *(StackEntry(name, {}) for name in entries.broken_stacks)]
    if output == "json":
        documents.write({"stacks": [_fields(stack, entries, flaws) for stack in stacks]})
    else:
        rows = [("*" if stack.name == entries.active else "", *_row(stack, flaws)) for stack in stacks]
        headers = ("", "STACK", *(kind.words.upper() for kind in Kind))
        tables.write([*tables.table(headers, rows, flexible=(4, 3, 2)), *_said_elsewhere(entries)])
    for name, flaw in flaws.items():
        click.echo(f"stack {name!r} cannot be used: {printable(flaw)}", err=True)


def _flaws(entries: Entries) -> dict[str, str]:
    """Name → why it cannot be used."""
    found = {name: flaw_of_stack(entries, stack) for name, stack in entries.stacks.items()}
    broken = {name: str(error) for name, error in entries.broken_stacks.items()}
    return {name: flaw for name, flaw in {**found, **broken}.items() if flaw}


def _row(stack: StackEntry, flaws: Mapping[str, str]) -> tuple[str, ...]:
    if stack.name in flaws and not stack.components:
        return stack.name, "broken, see below", "", ""
    return stack.name, *(stack.components.get(kind, "-") for kind in Kind)


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
        documents.write({"stack": _fields(stack, entries, _flaws(entries))})
    else:
        tables.write(_lines(stack, entries))


def _said_elsewhere(entries: Entries) -> Iterator[str]:
    """Where not the file says which stack is active, or where it names none that there is."""
    is_known = entries.active in {*entries.stacks, *entries.broken_stacks}
    known = "" if is_known else ", and there is none of that name"
    if entries.active_by == STACK_VARIABLE:
        yield ""
        yield f"{STACK_VARIABLE} says which is active: {entries.active}{known}"
    elif not is_known:
        yield ""
        yield f"[active] stack of {entries.active_by} is {entries.active!r}{known}: skylift stack set NAME"


def _fields(stack: StackEntry, entries: Entries, flaws: Mapping[str, str]) -> dict[str, Any]:
    """The fields of STACK."""
    is_active = stack.name == entries.active
    return {
        "name": stack.name,
        "active": is_active,
        "active_by": (entries.active_by or None) if is_active else None,
        **{kind.value: stack.components.get(kind) for kind in Kind},
        "error": flaws.get(stack.name),
    }


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
        flavor = flavor_in_place(entries, name) if kind is Kind.ORCHESTRATOR else None
        broken = "broken" if name in entries.broken[kind] else "not registered any more"
        return name, flavor.name if flavor else broken
    return name, component.flavor or without_passwords(
        str(component.options.get("uri", "a folder of this user's"))
    )
