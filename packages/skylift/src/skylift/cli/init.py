"""`skylift init`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import click

from skylift.cli.commands import command
from skylift.project import PROJECT_FILE
from skylift_contract.errors import ConfigurationError

PIPELINE: Final = "pipeline.py"

_TOML: Final = """\
# What this project is called, and what its pipelines run on.
# `skylift stack` and `skylift orchestrator` change this file, and keep its comments.

[project]
name = "{name}"
"""

_CODE: Final = """\
from skylift import pipeline, step


@step
def load() -> list[float]:
    return [1.0, 2.0, 4.0, 8.0]


@step
def mean(numbers: list[float], digits: int) -> float:
    return round(sum(numbers) / len(numbers), digits)


@step
def report(value: float) -> None:
    print(f"the mean is {value}")


@pipeline
def first(digits: int = 2) -> None:
    report(mean(load(), digits))
"""


@command(
    "init",
    short_help="Make a project: its skylift.toml, and a first pipeline.",
    examples=("skylift init", "skylift init churn --name churn"),
)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path(), required=False)
@click.option("--name", metavar="NAME", help="The project's name; by default the folder's.")
def init(*, folder: Path, name: str | None) -> None:
    """Make a project: a skylift.toml, and a first pipeline where the folder has none.

    The name is part of what backends are told, so that two projects never meet there.
    """
    path = folder / PROJECT_FILE
    if path.exists():
        raise ConfigurationError(
            "there is one already", who=str(path), fix="Edit it, or choose another folder."
        )
    called = name if name is not None else re.sub(r"[^A-Za-z0-9_-]+", "-", folder.resolve().name).strip("-")
    _check(called)
    _write(path, _TOML.format(name=called))
    first = folder / PIPELINE
    if not first.exists():
        _write(first, _CODE)
    here = "" if folder == Path() else f"cd {folder} && "
    click.echo(f"\nNext: {here}skylift run {PIPELINE}", err=True)


def _check(name: str) -> None:
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", name) is None:
        limit = "letters, digits, _ and -, at most 63"
        fix = "Choose one: skylift init --name NAME"
        raise ConfigurationError(
            "it cannot be a project's name", who="project", value=name, limit=limit, fix=fix
        )


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ConfigurationError(f"it cannot be written: {error.strerror}", who=str(path)) from error
    click.echo(f"made {path}", err=True)
