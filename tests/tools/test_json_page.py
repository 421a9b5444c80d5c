"""The page of JSON shapes has every command that prints JSON, as the program documents it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from json_page import json_page
from skylift.cli import documents
from skylift.cli.app import skylift
from skylift.ledger.unread import UnreadRun
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = "\n".join(json_page())
SAME_AS_THE_ORCHESTRATORS = {"artifact-store", "container-registry"}


def printing_json(path: tuple[str, ...], command: click.Command) -> Iterator[tuple[str, ...]]:
    if isinstance(command, click.Group):
        ctx = click.Context(command)
        for name in command.list_commands(ctx):
            found = command.get_command(ctx, name)
            assert found is not None
            yield from printing_json((*path, name), found)
    elif any("--output" in one.opts and isinstance(one.type, click.Choice) for one in command.params):
        yield path


def test_every_command_that_prints_json_has_its_section() -> None:
    titles = {name for line in re.findall(r"^## (.+)$", PAGE, re.MULTILINE) for name in line.split(", ")}
    commands = list(printing_json((), skylift))
    assert commands
    missing = {" ".join(one) for one in commands if one[0] not in SAME_AS_THE_ORCHESTRATORS} - titles
    assert not missing, "each is told in skylift.cli.documents"


def test_nothing_of_the_documentation_is_left_out() -> None:
    for word in re.findall(r"\S+", documents.__doc__ or ""):
        assert word in PAGE


def test_a_shape_stands_below_its_command() -> None:
    assert '## gc\n\n```text\n{"version": 1, "deleted": BOOL, "kinds": [' in PAGE


def test_the_fields_of_a_run_are_those_that_are_printed() -> None:
    (listed,) = re.findall(r"\bRUN: \{([^}]+)\}", " ".join(PAGE.split()))
    record = UnreadRun("id", datetime(2026, 6, 1, tzinfo=UTC), StoreError("it is damaged"))
    printed = documents.run_fields(record, ExecutionStatus.COMPLETED, "", None)
    assert listed.split(", ") == list(printed)
