"""`skylift artifact`: what steps made."""

from __future__ import annotations

from typing import Final

from skylift.cli.commands import Lazy, LazyGroup

COMMANDS: Final = {
    "list": Lazy("skylift.cli.artifact.listing:list_artifacts", "What runs made, the newest first."),
    "download": Lazy("skylift.cli.artifact.download:download", "Copy an output here, as it was made."),
}

artifact = LazyGroup("artifact", commands_at=COMMANDS, help="What the steps of runs made: list, download.")
