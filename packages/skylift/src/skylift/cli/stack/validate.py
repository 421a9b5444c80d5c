"""`skylift stack validate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from skylift.cli.commands import command
from skylift.cli.complete import stacks
from skylift.launch.stacks import check_reachable
from skylift.stacks.build import build_stack
from skylift.stacks.document import read_configuration
from skylift.store.location import open_store
from skylift_contract.errors import ConfigurationError, SkyliftError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from skylift_contract.stack import Stack


_FIT: Final = "its components are registered, and their options fit"


@command(
    "validate",
    short_help="Try whether a stack can work.",
    examples=("skylift stack validate", "skylift stack validate production"),
)
@click.argument("name", metavar="[STACK]", required=False, shell_complete=stacks)
def validate(*, name: str | None) -> None:
    """Try whether a stack can work; by default the active one.

    Follows its references, loads what its flavor needs, asks the orchestrator what it lacks,
    and writes, reads, lists and deletes an object in its store.
    """
    entries = read_configuration()
    name = entries.stack(name or entries.active).name
    built: list[Stack] = []
    is_built = _tried(f"{_FIT}: {name}", lambda: built.append(build_stack(name, entries=entries)))
    tried = [_tried(what, attempt) for stack in built for what, attempt in _attempts(stack)]
    if failed := [is_built, *tried].count(False):
        raise ConfigurationError(
            f"{failed} of its parts cannot work", who=f"stack {name!r}", fix="The lines above say why."
        )


def _attempts(stack: Stack) -> Iterator[tuple[str, Callable[[], object]]]:
    store = stack.artifact_store
    yield "its steps can reach its store", lambda: check_reachable(stack)
    yield f"{stack.orchestrator.flavor} has what it needs", lambda: stack.orchestrator.validate(stack)
    yield f"{store.uri} keeps what is written", lambda: open_store(store.uri, store.options).probe()


def _tried(what: str, attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except SkyliftError as error:
        click.echo(f"no  {what}: {error}")
        return False
    click.echo(f"ok  {what}")
    return True
