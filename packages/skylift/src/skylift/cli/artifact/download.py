"""`skylift artifact download`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from skylift import artifacts
from skylift.cli import complete, stdout
from skylift.cli.commands import command, place_options
from skylift.client import Client
from skylift.downloads import Download
from skylift.models import ArtifactView
from skylift.sub_runs import place_of
from skylift_contract.errors import ConfigurationError, listed
from skylift_contract.snapshot import ArtifactRef

if TYPE_CHECKING:
    from skylift.models import PipelineRun

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@command(
    "download",
    short_help="Copy an output here, as it was made.",
    examples=(
        "skylift artifact download last train",
        "skylift artifact download 3f9ad2c1 train:model -o model/",
        "skylift artifact download last score -o score.json --force",
    ),
)
@click.argument("source", metavar="RUN|DIGEST", shell_complete=complete.runs)
@click.argument("output", metavar="[STEP[:OUTPUT]]", required=False, shell_complete=complete.steps)
@click.option(
    "-o",
    "--output-path",
    "path",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Where it goes; into PATH, where that is a folder.",
)
@click.option("--force", is_flag=True, help="Write over files that are there.")
@place_options()
def download(*, source: str, output: str | None, path: Path | None, force: bool, store: str | None) -> None:
    """Copy an output here, as it was made, and print where it is.

    Files and folders come back under their names, anything else as the file that holds it, such
    as JSON or Parquet. Nothing is unpickled: a pickle stays a file. OUTPUT may be left out where
    the step has one.
    """
    client = Client(store)
    if output is None:
        found = Download(_by_digest(client, source), source[:12])
    else:
        view, name = _of_step(client.run(source), output)
        found = Download(view, name)
    stdout.write(f"{found.to(path, over=force)}\n")


def _by_digest(client: Client, digest: str) -> ArtifactView:
    if not _DIGEST.fullmatch(digest):
        raise ConfigurationError(
            "of a run, a step has to be named", who=f"run {digest!r}", fix="Give RUN STEP[:OUTPUT]."
        )
    store, who = client.ledger.store, f"artifact {digest}"
    if not store.exists(f"artifacts/{digest}/{artifacts.RECORD}"):
        raise ConfigurationError("it is not in the store", who=who, fix="See: skylift artifact list")
    manifest = artifacts.read_manifest(store, digest, who)
    size = sum(entry.size for entry in manifest.files)
    ref = ArtifactRef(digest=digest, type=manifest.type, materializer=manifest.materializer, size=size)
    return ArtifactView(client.ledger, ref, who)


def _of_step(run: PipelineRun, text: str) -> tuple[ArtifactView, str]:
    """The output, and `step.output` for a file to be called by."""
    whole, (run, text) = text, place_of(run, text)
    # A step of a map is called map:score:0: the last part is an output only where no step is called so.
    steps = run.steps
    step, _, name = (
        (text, "", "") if text in steps else text.rpartition(":") if ":" in text else (text, "", "")
    )
    found = steps[step]
    outputs = found.outputs
    if not outputs:
        why = f": {found.reason}" if found.reason else ""
        raise ConfigurationError(
            f"it has no outputs, for it is {found.status.value}{why}"
            if not found.status.is_successful
            else "it returns nothing",
            who=f"run {run.id}, step {step!r}",
            fix="See: skylift artifact list",
        )
    if not name and len(outputs) > 1:
        raise ConfigurationError(
            f"it has {len(outputs)} outputs: {listed(list(outputs))}",
            who=f"run {run.id}, step {step!r}",
            fix=f"Name one: {whole}:{next(iter(outputs))}",
        )
    name = name or next(iter(outputs))
    return outputs[name], f"{step}.{name}"
