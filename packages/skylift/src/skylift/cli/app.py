"""The commands, by name: where each stands, and its line in the help."""

from __future__ import annotations

from typing import Final

import click

from skylift import __version__
from skylift.cli.commands import Lazy, LazyGroup

_RUN: Final = "Run"
_LOOK: Final = "Look"
_SET_UP: Final = "Set up"
_MAINTAIN: Final = "Maintain"

COMMANDS: Final = {
    "run": Lazy("skylift.cli.run:run", "Run a pipeline, or deploy its schedule.", _RUN),
    "compile": Lazy("skylift.cli.compile:compile_pipeline", "Write what a backend would be given.", _RUN),
    "diff": Lazy("skylift.cli.diff:diff", "What would change against what is deployed, or ran.", _RUN),
    "schedule": Lazy("skylift.cli.schedule:schedule", "Pipelines that run by themselves.", _RUN),
    "runs": Lazy("skylift.cli.runs:runs", "Look at runs: list, logs, why, watch, stop, resume.", _LOOK),
    "artifact": Lazy("skylift.cli.artifact:artifact", "What the steps of runs made: list, download.", _LOOK),
    "init": Lazy("skylift.cli.init:init", "Make a project: its skylift.toml, and a first pipeline.", _SET_UP),
    "integration": Lazy("skylift.cli.integration:integration", "Packages of the platforms.", _SET_UP),
    "stack": Lazy("skylift.cli.stack:stack", "What pipelines run on, by name.", _SET_UP),
    "orchestrator": Lazy(
        "skylift.cli.components:orchestrator", "Components that run pipelines, and their flavors.", _SET_UP
    ),
    "artifact-store": Lazy(
        "skylift.cli.components:artifact_store", "Components that keep runs and artifacts.", _SET_UP
    ),
    "container-registry": Lazy(
        "skylift.cli.components:container_registry", "Components that keep images.", _SET_UP
    ),
    "gc": Lazy("skylift.cli.gc:gc", "Delete what no run needs any more.", _MAINTAIN),
    "completion": Lazy(
        "skylift.cli.completion:completion", "Have the shell complete commands and names.", _MAINTAIN
    ),
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
