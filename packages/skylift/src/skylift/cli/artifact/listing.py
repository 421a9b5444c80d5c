"""`skylift artifact list`."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from skylift.cli import complete, documents, tables
from skylift.cli.commands import command, output_option, place_options
from skylift.client import Client
from skylift.console.words import printable
from skylift.ledger.history import History
from skylift.ledger.records import UNREADABLE, RunRecord
from skylift.sub_runs import parts_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from skylift.models import PipelineRun
    from skylift_contract.snapshot import ArtifactRef

LIMIT = 20


@dataclass(frozen=True, slots=True)
class Made:
    """An output of a step of a run; `uri`: the folder in the store that holds it."""

    record: RunRecord
    step: str
    output: str
    ref: ArtifactRef
    uri: str

    @property
    def fields(self) -> dict[str, Any]:
        return {
            "run": self.record.run_id,
            "pipeline": self.record.pipeline,
            "step": self.step,
            "output": self.output,
            "type": self.ref.type,
            "materializer": self.ref.materializer,
            "bytes": self.ref.size,
            "digest": self.ref.digest,
            "uri": self.uri,
        }

    @property
    def row(self) -> tuple[str, ...]:
        kind = self.ref.type.removeprefix("builtins:")
        return self.record.run_id, self.step, self.output, kind, str(self.ref.size), self.ref.materializer


@command(
    "list",
    short_help="What runs made, the newest first.",
    examples=(
        "skylift artifact list",
        "skylift artifact list last --step train",
        "skylift artifact list --pipeline train --output json",
    ),
)
@click.argument("run", metavar="[RUN]", required=False, shell_complete=complete.runs)
@click.option("--pipeline", metavar="NAME", help="Only of runs of this pipeline.")
@click.option("--step", metavar="NAME", help="Only of this step.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=LIMIT, show_default=True, help="Of at most so many runs."
)
@place_options()
@output_option()
def list_artifacts(
    *, run: str | None, pipeline: str | None, step: str | None, limit: int, store: str | None, output: str
) -> None:
    """What runs made, the newest first: of one RUN, or of the newest.

    What cannot be read is named on stderr, and hides nothing else.
    """
    client = Client(store)
    runs = [client.run(run)] if run else islice(client.runs(pipeline), limit)
    damaged: list[str] = []
    found = [
        made
        for one in runs
        if pipeline is None or one.pipeline == pipeline
        for part in _parts(one)
        for made in _made(part, damaged)
        if step is None or made.step == step
    ]
    if output == "json":
        documents.write({"artifacts": [made.fields for made in found], "damaged": damaged})
    elif found:
        headers = ("RUN", "STEP", "OUTPUT", "TYPE", "BYTES", "MATERIALIZER")
        tables.write(tables.table(headers, [made.row for made in found], flexible=(0, 3, 5, 1)))
    else:
        click.echo(f"there are no such artifacts in {client.ledger.store.uri}", err=True)
    _tell(damaged)


def _parts(run: PipelineRun) -> list[PipelineRun]:
    """A run, and those of the pipelines that its function called."""
    try:
        return [part for _, part in parts_of(run)]
    except UNREADABLE:
        return [run]  # which says itself what is damaged


def _made(run: PipelineRun, damaged: list[str]) -> Iterator[Made]:
    """The outputs of a run; why one cannot be read is added to `damaged`."""
    record = run.head
    if not isinstance(record, RunRecord):
        damaged.append(run.reason)
        return
    try:
        history = History.read(run.ledger, record.run_id, run.fetch().steps, run.snapshot_of.bindings)
    except UNREADABLE as error:
        damaged.append(str(error))
        return
    damaged.extend(history.unreadable.values())
    for step in run.steps:
        for output, ref in history.outputs(step).items():
            yield Made(record, step, output, ref, run.ledger.artifact_uri(ref.digest))


def _tell(damaged: Iterable[str]) -> None:
    for sentence in damaged:
        click.echo(f"damaged: {printable(sentence)}", err=True)
