"""`skylift compile`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skylift.cli import documents, tables
from skylift.cli.commands import command, output_option
from skylift.cli.planning import Asked, asks_for_a_pipeline
from skylift_contract.canonical import digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skylift.launch.compiled import Compiled
    from skylift.launch.compiled_folder import Change
    from skylift.launch.plan import Plan


@command(
    "compile",
    short_help="Write what a backend would be given.",
    examples=(
        "skylift compile pipeline.py -o compiled",
        "skylift compile pipeline.py:train -o compiled --stack production --param depth=8",
    ),
)
@asks_for_a_pipeline
@click.option(
    "-o",
    "folder",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where to; of what is there, only files that were compiled before are replaced.",
)
@output_option()
def compile_pipeline(*, asked: Asked, folder: Path, output: str) -> None:
    """Write what a backend would be given: the snapshot, and the documents of the stack's flavor.

    It is refused where `skylift run` would be, before anything is written. No store, backend
    or secret is asked for anything, and the same source, parameters and stack give the same
    bytes on any day and machine. The snapshot's digest is the sha256 of snapshot.json.
    """
    from skylift.launch.compiled import compile_documents
    from skylift.launch.compiled_folder import write_files
    from skylift.launch.offline import offline

    planned = asked.plan(lambda pipeline: offline(pipeline, asked.store))
    made = compile_documents(planned)
    changes = write_files(folder, made.files)
    notes = [*planned.notes, *([made.note] if made.note else [])]
    for note in notes:
        click.echo(f"note: {note}", err=True)
    if output == "json":
        documents.write(_fields(planned, made, folder, changes, notes))
    else:
        tables.write(_lines(made, folder, changes))


def _fields(
    plan: Plan, made: Compiled, folder: Path, changes: Mapping[str, Change], notes: list[str]
) -> dict[str, Any]:
    return {
        "pipeline": plan.snapshot.name,
        "flavor": plan.snapshot.runtime.flavor,
        "snapshot": plan.snapshot.digest,
        "folder": str(folder),
        "files": [
            {"path": name, "bytes": len(content), "sha256": digest(content), "change": changes[name].value}
            for name, content in sorted(made.files.items())
        ],
        "removed": [name for name in changes if name not in made.files],
        "summary": dict(made.summary),
        "notes": notes,
    }


def _lines(made: Compiled, folder: Path, changes: Mapping[str, Change]) -> Iterator[str]:
    rows = [
        (str(folder / name), change.value, str(len(made.files[name])), digest(made.files[name]))
        if name in made.files
        else (str(folder / name), change.value, "", "")
        for name, change in changes.items()
    ]
    yield from tables.table(("FILE", "CHANGE", "BYTES", "SHA256"), rows, flexible=(3, 0))
    for name, value in made.summary.items():
        yield f"{name}: {value}"
