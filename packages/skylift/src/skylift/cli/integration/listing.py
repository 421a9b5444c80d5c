"""`skylift integration list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from skylift.cli import documents, tables
from skylift.cli.commands import command, output_option
from skylift.integrations import INTEGRATIONS, brings, editable_folder, installed, members, source

if TYPE_CHECKING:
    from skylift.integrations import Integration, Source


@command(
    "list",
    short_help="All, installed or not.",
    examples=("skylift integration list", "skylift integration list --output json"),
)
@output_option()
def list_integrations(*, output: str) -> None:
    """All, installed or not: from where, what each brings, and whether it is to be had."""
    place = source()
    found = [_fields(one, place) for one in INTEGRATIONS.values()]
    if output == "json":
        documents.write({"source": str(place) if place else None, "integrations": found})
        return
    headers = ("INTEGRATION", "PACKAGE", "INSTALLED", "FROM", "BRINGS")
    tables.write(tables.table(headers, [_row(one) for one in found], flexible=(3, 4)))
    click.echo(
        f"taken from: {place or 'nowhere; name an index, see: skylift integration install --help'}", err=True
    )


def _fields(one: Integration, place: Source | None) -> dict[str, Any]:
    """The fields of INTEGRATION; `available` is null where only the index could tell."""
    found = installed(one.package)
    folder = editable_folder(found) if found else None
    known = place is None or place.workspace is not None
    return {
        "name": one.name,
        "package": one.package,
        "version": found.version if found else None,
        "from": str(folder or found.locate_file("")) if found else None,
        "brings": [{"kind": kind, "name": name} for kind, name in brings(found)] if found else [],
        "available": _is_available(one, place) if known else None,
    }


def _is_available(one: Integration, place: Source | None) -> bool:
    return place is not None and place.workspace is not None and one.package in members(place.workspace)


def _row(fields: dict[str, Any]) -> tuple[str, ...]:
    words = {True: "no", False: "no, and not to be had", None: "no"}
    return (
        fields["name"],
        fields["package"],
        fields["version"] or words[fields["available"]],
        fields["from"] or "",
        ", ".join(
            f"{one['kind'].removesuffix('s').replace('_', ' ')} {one['name']}" for one in fields["brings"]
        ),
    )
