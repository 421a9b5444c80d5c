"""Every command of the program, found by walking it: what is new is walked too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from skylift.cli.app import skylift

if TYPE_CHECKING:
    from collections.abc import Iterator


def commands() -> dict[str, click.Command]:
    """By the words that are typed, `runs list`; a group stands for what is in it."""
    return dict(_below(skylift, ()))


def _below(group: click.Group, path: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None, (*path, name)
        if isinstance(found, click.Group):
            yield from _below(found, (*path, name))
        else:
            yield " ".join((*path, name)), found
