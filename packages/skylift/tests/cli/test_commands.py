"""What every command has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import pytest

from skylift.cli.app import skylift
from skylift.cli.commands import LazyGroup, OnceCommand

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skylift_tests_support.commands import Project


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        ("run flow.py --note a --note b", "--note"),
        ("stack register x -o a -o b", "--orchestrator"),
        ("stack register x -o a --orchestrator b", "--orchestrator"),
        ("gc --output json --output text", "--output"),
        ("runs list --store=memory://a --store=memory://b", "--store"),
    ],
)
def test_an_option_of_one_value_is_given_once(project: Project, argv: str, name: str) -> None:
    answer = project.skylift(*argv.split())
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == f"error: {name}: it is given twice. Give it once.\n"


@pytest.mark.parametrize(
    "argv",
    ["gc --delete --delete", "runs list --tag a --tag b", "stack register x -o a -o b --help"],
)
def test_flags_and_options_of_several_values_and_help_are_not_refused(project: Project, argv: str) -> None:
    assert project.skylift(*argv.split()).code == 0


def commands_of(group: click.Command, ctx: click.Context) -> Iterator[click.Command]:
    if not isinstance(group, LazyGroup):
        yield group
        return
    for name in group.list_commands(ctx):
        found = group.get_command(ctx, name)
        assert found is not None
        yield from commands_of(found, ctx)


def test_every_command_refuses_it() -> None:
    assert {type(one) for one in commands_of(skylift, click.Context(skylift))} == {OnceCommand}
