"""Importing a user's module on behalf of a command or a step, where nothing of it may run."""

from __future__ import annotations

import importlib
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

_UNDER_WAY: ContextVar[str] = ContextVar("skylift_import", default="")


def import_user_module(name: str) -> ModuleType:
    """Import a module; raises whatever its own code raises.

    A pipeline that the module calls at its top level would run in every process of its
    steps, and start them again: meanwhile `under_way` names the module, and calls refuse.
    """
    token = _UNDER_WAY.set(name)
    try:
        return importlib.import_module(name)
    finally:
        _UNDER_WAY.reset(token)


def under_way() -> str:
    """The module that is being imported so; empty when none is."""
    return _UNDER_WAY.get()
