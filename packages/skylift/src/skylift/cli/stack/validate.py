"""`skylift stack validate`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import click

from skylift.cli import documents, stdout
from skylift.cli.commands import command, output_option
from skylift.cli.complete import stacks
from skylift.console.words import printable
from skylift.launch.stacks import check_reachable
from skylift.stacks.build import build_stack
from skylift.stacks.document import read_configuration
from skylift.store.location import open_store
from skylift_contract.errors import ConfigurationError, SkyliftError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from skylift.stacks.entries import Entries
    from skylift_contract.stack import Stack


_FIT: Final = "its components are registered, and their options fit"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried: what ought to be so, and why it is not."""

    name: str
    what: str
    error: SkyliftError | None

    @property
    def line(self) -> str:
        return f"no  {self.what}: {printable(str(self.error))}" if self.error else f"ok  {self.what}"

    @property
    def fields(self) -> dict[str, Any]:
        sentence, fix = (str(self.error), self.error.fix) if self.error else (self.what, "")
        return {"name": self.name, "ok": self.error is None, "sentence": sentence, "fix": fix or None}


@command(
    "validate",
    short_help="Try whether a stack can work.",
    examples=("skylift stack validate", "skylift stack validate production --output json"),
)
@click.argument("name", metavar="[STACK]", required=False, shell_complete=stacks)
@output_option()
def validate(*, name: str | None, output: str) -> None:
    """Try whether a stack can work; by default the active one.

    Follows its references, loads what its flavor needs, asks the orchestrator what it lacks,
    and writes, reads, lists and deletes an object in its store.
    """
    entries = read_configuration()
    name = entries.stack(name or entries.active).name
    tried: list[Check] = []
    for check in _checks(name, entries):
        tried.append(check)
        if output == "text":
            stdout.write(f"{check.line}\n")
    failed = [check for check in tried if check.error]
    if output == "json":
        checks = [check.fields for check in tried]
        documents.write({"stack": name, "ok": not failed, "checks": checks})
    if failed:
        raise ConfigurationError(
            f"{len(failed)} of its parts cannot work", who=f"stack {name!r}", fix="The lines above say why."
        )


def _checks(name: str, entries: Entries) -> Iterator[Check]:
    """One after the other; what needs the stack itself, only where that could be made."""
    built: list[Stack] = []
    what = f"{_FIT}: {name}"
    yield _tried("components", what, lambda: built.append(build_stack(name, entries=entries)))
    for stack in built:
        yield from _checks_of(stack)


def _checks_of(stack: Stack) -> Iterator[Check]:
    store, orchestrator = stack.artifact_store, stack.orchestrator
    yield _tried("store_reachable", "its steps can reach its store", lambda: check_reachable(stack))
    what = f"{orchestrator.flavor} has what it needs"
    yield _tried("orchestrator", what, lambda: orchestrator.validate(stack))
    what = f"{store.uri} keeps what is written"
    yield _tried("store", what, lambda: open_store(store.uri, store.options).probe())


def _tried(name: str, what: str, attempt: Callable[[], object]) -> Check:
    try:
        attempt()
    except SkyliftError as error:
        return Check(name, what, error)
    return Check(name, what, None)
