"""What a shell offers for a word that is being typed: read from files here, and never from a network.

Each function is click's `shell_complete`. What cannot be read offers nothing: a shell has no
place for an error in the middle of a line.
"""

from __future__ import annotations

import ast
import os
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from skylift_contract.errors import SkyliftError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import click

    Offer = Callable[[click.Context, click.Parameter, str], list[str]]

MOST_RUNS: Final = 50
"""Run ids that are offered, the newest; a longer prefix finds those before."""


def _offering(find: Callable[[click.Context, str], Iterable[str]]) -> Offer:
    """Make click's function of one that finds words; it is given what stands there so far."""

    @wraps(find)
    def offer(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 -- click's signature
        # Whoever presses Tab wants words or nothing: the command itself says what is wrong.
        with suppress(SkyliftError, OSError, ValueError, SyntaxError, LookupError, TypeError, StopIteration):
            return [word for word in find(ctx, incomplete) if word.startswith(incomplete)]
        return []

    return offer


def pipelines(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """Files, which the shell itself knows best; after `FILE.py:`, the pipelines that are in it."""
    if ":" in incomplete:
        return _pipelines(ctx, param, incomplete)
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


@_offering
def _pipelines(__: click.Context, incomplete: str) -> Iterable[str]:
    place, _, _ = incomplete.rpartition(":")
    return (f"{place}:{name}" for name in _pipelines_in(Path(place)))


def _pipelines_in(file: Path) -> Iterator[str]:
    """By its text: to import a file may take long, and do anything."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and any(map(_is_pipeline, node.decorator_list)):
            yield node.name


def _is_pipeline(decorator: ast.expr) -> bool:
    found = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = found.attr if isinstance(found, ast.Attribute) else getattr(found, "id", "")
    return name == "pipeline"


@_offering
def stacks(_: click.Context, __: str) -> Iterable[str]:
    from skylift.stacks.document import read_configuration

    return read_configuration().stacks


def registered(kind: str) -> Offer:
    """Components of a kind, such as `orchestrator`."""

    def find(_: click.Context, __: str) -> Iterable[str]:
        from skylift.stacks.document import read_configuration
        from skylift.stacks.entries import Kind

        return read_configuration().components[Kind(kind)]

    return _offering(find)


@_offering
def flavors(_: click.Context, __: str) -> Iterable[str]:
    from skylift.flavors import known

    return sorted({point.name for point in known()})


@_offering
def runs(ctx: click.Context, incomplete: str) -> Iterable[str]:
    """`last`, and the newest ids of a store that is a folder here."""
    from skylift.ledger import keys

    found = [keys.run_of_index(key) for key in _index(ctx)]
    return [*(["last"] if found else []), *[one for one in found if one.startswith(incomplete)][:MOST_RUNS]]


def _index(ctx: click.Context) -> list[str]:
    """Keys of the index, newest first."""
    from skylift.ledger import keys

    folder = _store_of(ctx)
    entries = os.listdir(folder / keys.INDEX) if folder else []  # noqa: PTH208 -- names alone
    return [key for name in sorted(entries) if keys.is_index(key := f"{keys.INDEX}{name}")]


@_offering
def steps(ctx: click.Context, _: str) -> Iterable[str]:
    """Steps of the run that stands before, from its snapshot."""
    import json

    from skylift.ledger import keys

    run, folder, index = ctx.params.get("run") or ctx.params["source"], _store_of(ctx), _index(ctx)
    key = next(key for key in index if run == "last" or keys.run_of_index(key).startswith(run))
    assert folder is not None
    record = json.loads((folder / key).read_bytes())
    snapshot = json.loads((folder / keys.snapshot(record["snapshot"])).read_bytes())
    return [*snapshot["bindings"], *(step["spec"]["invocation_id"] for step in snapshot["steps"])]


def _store_of(ctx: click.Context) -> Path | None:
    """The folder of keys of the store that the command would read; None where it is no folder."""
    from skylift.store.location import LAYOUT, folder_of

    folder = folder_of(ctx.params.get("store") or _active_store())
    return folder / LAYOUT if folder else None


def _active_store() -> str:
    """The URI of the active stack's artifact store, without loading what could open it."""
    from skylift.project import default_store_uri
    from skylift.secrets import filled_from_here
    from skylift.stacks.document import read_configuration
    from skylift.stacks.entries import DEFAULT, Kind

    entries = read_configuration()
    name = entries.stack(entries.active).components.get(Kind.ARTIFACT_STORE, DEFAULT)
    component = entries.component(Kind.ARTIFACT_STORE, name)
    return default_store_uri() if name == DEFAULT else filled_from_here(str(component.options.get("uri")))


@_offering
def schedules(ctx: click.Context, _: str) -> Iterable[str]:
    """Their names, from the newest record of each; of a store that is a folder here."""
    import json

    from skylift.ledger import keys

    folder = _store_of(ctx)
    records = sorted(folder.glob(f"{keys.SCHEDULES}*/*.json")) if folder else []
    newest = {path.parent: json.loads(path.read_bytes())["schedule"] for path in records}
    return [found["name"] for found in newest.values() if found["state"] != "deleted"]


def runs_and_schedules(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    return [*schedules(ctx, param, incomplete), *runs(ctx, param, incomplete)]


@_offering
def integrations(_: click.Context, __: str) -> Iterable[str]:
    from skylift.integrations import INTEGRATIONS

    return INTEGRATIONS
