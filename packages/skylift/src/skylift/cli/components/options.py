"""`--name=value` for options that only a component's config model knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from skylift.cli.complete import registered
from skylift.stacks.options import known_options, read_option
from skylift_contract.errors import ConfigurationError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from skylift.stacks.entries import Component, Kind

ANY_OPTION = {"ignore_unknown_options": True, "allow_extra_args": True, "allow_interspersed_args": True}
"""Settings of a click command that leaves what it does not know in `ctx.args`."""


def pairs(arguments: Sequence[str], who: str) -> dict[str, str]:
    """`--a=1 --b 2` as names and texts; a dash in a name is an underscore.

    Raises `ConfigurationError` for a word that belongs to no option, for one without a value,
    for one that is given twice.
    """
    found: dict[str, str] = {}
    words = iter(arguments)
    for word in words:
        name, equals, value = word.removeprefix("--").partition("=")
        if not word.startswith("--") or not name:
            raise ConfigurationError(
                "it belongs to no option", who=who, value=word, fix="Write options as --name=value."
            )
        text = value if equals else next(words, None)
        if text is None:
            raise ConfigurationError("it needs a value", who=f"{who}, {word}", fix=f"Write {word}=value.")
        key = name.replace("-", "_")
        if key in found:
            raise ConfigurationError("it is given twice", who=f"{who}, --{name}", fix="Give it once.")
        found[key] = text
    return found


def values(texts: dict[str, str], component: Component, who: str) -> dict[str, Any]:
    """Texts as the component's config model takes them; an unknown one offers the nearest."""
    annotations = known_options(component)
    for name in texts:
        if name not in annotations:
            raise UnknownName("option", name, annotations, who=who)
    return {name: read_option(text, annotations[name]) for name, text in texts.items()}


def name_argument(kind: Kind | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`kind`: of the components whose names a shell offers."""
    return click.argument("name", metavar="NAME", shell_complete=registered(kind.value) if kind else None)
