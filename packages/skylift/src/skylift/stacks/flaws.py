"""What is wrong with stacks and components that are registered, each looked at by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skylift.stacks.build import check_parts
from skylift.stacks.entries import DEFAULTS
from skylift.stacks.options import check_component, secrets_in_clear
from skylift_contract.errors import SkyliftError

if TYPE_CHECKING:
    from skylift.stacks.entries import Component, Entries, Kind, StackEntry


def flaws_of(entries: Entries, kind: Kind) -> dict[str, str]:
    """Name → why it cannot be used, of each such component of a kind.

    A secret in clear is told by `secrets_in_clear`. Needs no SDK, and no credentials.
    """
    found = {
        name: flaw
        for name, component in entries.components[kind].items()
        if name not in DEFAULTS[kind] and (flaw := _flaw(component))
    }
    return {**found, **{name: str(error) for name, error in entries.broken[kind].items()}}


def _flaw(component: Component) -> str:
    try:
        if not secrets_in_clear(component):
            check_component(component)
    except SkyliftError as error:
        return str(error)
    return ""


def flaw_of_stack(entries: Entries, stack: StackEntry) -> str:
    """Why it cannot be used, as far as its components' names tell; empty where nothing is wrong."""
    try:
        check_parts(entries, stack)
    except SkyliftError as error:
        return str(error)
    return ""
