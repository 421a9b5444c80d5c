"""The commands, by name: where each stands, and its line in the help."""

from __future__ import annotations

from typing import Final

import click

from skylift import __version__
from skylift.cli.commands import Lazy, LazyGroup

COMMANDS: Final = {
    "run": Lazy("skylift.cli.run:run", "Run a pipeline, or deploy its schedule."),
    "init": Lazy("skylift.cli.init:init", "Make a project: its skylift.toml, and a first pipeline."),
    "runs": Lazy("skylift.cli.runs:runs", "Look at runs: list, describe, logs, why, watch, stop."),
    "stack": Lazy("skylift.cli.stack:stack", "What pipelines run on, by name."),
    "orchestrator": Lazy(
        "skylift.cli.components:orchestrator", "Components that run pipelines, and their flavors."
    ),
    "artifact-store": Lazy(
        "skylift.cli.components:artifact_store", "Components that keep runs and artifacts."
    ),
    "container-registry": Lazy("skylift.cli.components:container_registry", "Components that keep images."),
}


@click.group(
    "skylift",
    cls=LazyGroup,
    commands_at=COMMANDS,
    epilog="\b\nStart with:\n  skylift run pipeline.py\n  skylift runs list",
)
@click.version_option(__version__, prog_name="skylift", message="%(prog)s %(version)s")
def skylift() -> None:
    """Run machine-learning pipelines anywhere, and look at their runs."""
