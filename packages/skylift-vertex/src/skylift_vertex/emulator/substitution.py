"""What Vertex and the containers it starts put in place of what stands in a document. Pure.

A constant that is a placeholder as a whole; an input parameter in a word of a command or an argument;
and then, by the container, `$(NAME)`. Nothing in variables but the last: of these it is not known that
Vertex replaces anything.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_PARAMETER: Final = re.compile(r"\{\{\$\.inputs\.parameters\['([^']*)'\]\}\}")
_REFERENCE: Final = re.compile(r"\$\$|\$\(([^)]*)\)")


def parameters_of(task: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    """What a task gives to its component; `names`: placeholder → what it stands for in this run."""
    given: Mapping[str, Any] = task.get("inputs", {}).get("parameters", {})
    constants = {name: str(one["runtimeValue"]["constant"]) for name, one in given.items()}
    return {name: names.get(value, value) for name, value in constants.items()}


def with_parameters(word: str, parameters: Mapping[str, str]) -> str:
    """Raises `ValueError` for a parameter that the task was not given."""

    def given(found: re.Match[str]) -> str:
        if found[1] not in parameters:
            raise ValueError(f"Input parameter {found[1]!r} is not found.")
        return parameters[found[1]]

    return _PARAMETER.sub(given, word)


def expanded(text: str, environment: Mapping[str, str]) -> str:
    """As Kubernetes does it: a name that there is not stays as it is written."""

    def known(found: re.Match[str]) -> str:
        return "$" if found[0] == "$$" else environment.get(found[1], found[0])

    return _REFERENCE.sub(known, text)
