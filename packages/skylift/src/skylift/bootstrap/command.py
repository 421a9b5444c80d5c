"""The argv of a container that sets itself up before it runs its own command."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from skylift_contract.environment import CONTAINER_PYTHON

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skylift.bootstrap.recipes import Recipe
    from skylift_contract.snapshot import PipelineSnapshot

_LOADER: Final = (
    "import sys; sys.version_info[:2] == ({major}, {minor}) or sys.exit('skylift: this image has Python "
    "%d.%d, and the pipeline was submitted with {major}.{minor}. Use an image with Python {major}.{minor}, "
    "or submit with the image\\'s own.' % sys.version_info[:2]); exec(sys.argv.pop(1))"
)
"""Of a syntax that every Python takes, so that the wrong one can say so."""


@dataclass(frozen=True, slots=True)
class SetUp:
    """What a container needs before its command can run.

    `python`: the minor version that it is for: `3.11`. `requirements`: lines of a requirements
    file, locked. `index`: a URL, or a folder of wheels that the container sees; empty for the
    installer's own. `cache`: a folder that outlives the container; empty where there is none.
    """

    python: str
    requirements: tuple[str, ...]
    index: str = ""
    cache: str = ""


def after_set_up(plan: SetUp, command: Sequence[str]) -> list[str]:
    """The argv that installs what is planned, and then is the command: its signals and its exit code."""
    major, _, minor = plan.python.partition(".")
    loader = _LOADER.format(major=int(major), minor=int(minor))
    told = {"requirements": plan.requirements, "index": plan.index, "cache": plan.cache}
    return [CONTAINER_PYTHON, "-c", loader, program(), json.dumps(told, sort_keys=True), *command]


def set_up(
    recipe: Recipe,
    snapshot: PipelineSnapshot,
    command: Sequence[str],
    *,
    index: str | None = None,
    cache: str = "",
) -> list[str]:
    """The argv that installs what a recipe says, as the snapshot has it locked, and then is the command."""
    lock = snapshot.locks.get(recipe.lock, recipe.requirements)
    return after_set_up(SetUp(snapshot.runtime.python, lock, index or "", cache), command)


@cache
def program() -> str:
    """The source of `skylift.bootstrap.program`, as it is sent."""
    return files("skylift.bootstrap").joinpath("program.py").read_text()
