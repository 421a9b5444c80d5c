"""A step's secrets: looked up in its own process, and there for as long as it runs."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from skylift.runtime.known_secrets import known
from skylift.runtime.masking import SHORTEST
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping


def looked_up(references: Mapping[str, str], who: str = "") -> dict[str, str]:
    """Variable → value; raises `ConfigurationError` for one that is not to be had, or is empty.

    `who`: whose they are, where its reader is not told that already.
    """
    if not references:
        return {}
    from skylift.secrets import Reference

    found: dict[str, str] = {}
    for name, text in references.items():
        whose = f"{who}, secret {name!r}" if who else f"secret {name!r}"
        found[name] = _checked(Reference.parse(text, whose).resolve(whose), whose)
    return found


def _checked(value: str, who: str) -> str:
    if not value:
        what = "it is empty"
    elif "\0" in value or not _is_text(value):
        what = "no environment can hold it"
    else:
        return value
    raise ConfigurationError(what, who=who, fix="Look at what is kept there.")


def _is_text(value: str) -> bool:
    try:
        os.fsencode(value)
    except UnicodeEncodeError:
        return False
    return True


@contextmanager
def revealed(secrets: Mapping[str, str]) -> Generator[None]:
    """Set each as an environment variable, and hide them from output."""
    with ExitStack() as stack:
        stack.enter_context(known(secrets.values()))
        _note([name for name, value in secrets.items() if len(value) < SHORTEST])
        stack.enter_context(environment(secrets))
        yield


def _note(short: list[str]) -> None:
    with suppress(OSError, ValueError, AttributeError):  # there may be no stderr
        for name in short:
            what = f"it has fewer than {SHORTEST} characters, and is not hidden in output"
            sys.stderr.write(f"skylift: secret {name!r}: {what}\n")


@contextmanager
def environment(variables: Mapping[str, str]) -> Generator[None]:
    """Set variables for a time; what another set meanwhile is kept."""
    before = {name: os.environ.get(name) for name in variables}
    try:
        os.environ.update(variables)
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
