"""Pages of the documentation that are made from the code itself, so that they cannot fall behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click
from mkdocs.structure.files import File

from conformance import read, support_table
from json_page import json_page
from skylift.cli.app import skylift
from skylift.flavors import all_flavors
from skylift_contract.capability import Capability, Level
from skylift_contract.errors import DiscoveryError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

    from skylift_contract.capability import Support
    from skylift_contract.flavor import BaseOrchestratorFlavor

WORDS: Final = {
    Level.FULL: "yes",
    Level.EMULATED: "emulated",
    Level.MISSING: "not built",
    Level.IMPOSSIBLE: "never",
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Called by mkdocs when it has found the written pages."""
    pages = {
        "reference/cli.md": cli_page(),
        "reference/json.md": json_page(),
        "reference/flavors.md": flavors_page(),
    }
    for path, lines in pages.items():
        files.append(File.generated(config, path, content="\n".join(lines)))
    return files


def cli_page() -> Iterator[str]:
    """Every command with its own help."""
    yield "# The command line\n"
    yield "Every command answers `--help`, and `--debug` with a traceback where one went wrong.\n"
    yield "What `--output json` prints stands on [a page of its own](json.md).\n"
    for path, command in _commands((), skylift):
        ctx = click.Context(command, info_name=" ".join(("skylift", *path)))
        yield f"{'#' * min(len(path) + 1, 4)} skylift {' '.join(path)}\n" if path else ""
        yield f"```text\n{command.get_help(ctx)}\n```\n"


def _commands(
    path: tuple[str, ...], command: click.Command
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        ctx = click.Context(command)
        for name in command.list_commands(ctx):
            found = command.get_command(ctx, name)
            assert found is not None
            yield from _commands((*path, name), found)


def flavors_page() -> Iterator[str]:
    """A table of all flavors, and each one's capabilities with their reasons."""
    flavors = {name: found for name, found in all_flavors().items() if not isinstance(found, DiscoveryError)}
    yield "# What each flavor can do\n"
    yield "Each flavor declares what it can do as data; a run that asks for more is refused beforehand.\n"
    yield f"| capability | {' | '.join(flavors)} |"
    yield f"|---|{'---|' * len(flavors)}"
    for one in Capability:
        cells = [_cell(found, one) for found in flavors.values()]
        yield f"| {one.value} | {' | '.join(cells)} |"
    yield "\n## What the conformance kit has seen\n"
    yield "Which suites of `skylift-testkit` a flavor passes: all that they need is there, and was seen.\n"
    yield from support_table(read(), list(flavors))
    for name, found in flavors.items():
        yield f"\n## {name}\n"
        for one, support in (found.capabilities or {}).items():
            if support.reason:
                yield f"- **{one.value}**: {support.describe()}"


def _cell(found: BaseOrchestratorFlavor, one: Capability) -> str:
    able: Support | None = (found.capabilities or {}).get(one)
    return WORDS[able.level] if able else "-"
