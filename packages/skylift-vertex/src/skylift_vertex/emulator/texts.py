"""What is put in the place of what in a document: pure.

A placeholder of the job is a constant of a task as a whole; `{{$.inputs.parameters['P']}}` stands in words
of commands and arguments, and in no variable's value, for of these it is not known that Vertex replaces
anything; `$(NAME)` in commands, arguments and values, as Kubernetes has it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from skylift_vertex.emulator.answers import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_INPUT: Final = re.compile(r"\{\{\$\.inputs\.parameters\['([^']*)'\]\}\}")
_VARIABLE: Final = re.compile(r"\$(?:\$|\(([^()]*)\))")


def placed(text: str, job: Mapping[str, str]) -> str:
    """What a constant comes to; `job`: placeholder → what the service says of the job."""
    return job.get(text, text)


def with_inputs(text: str, parameters: Mapping[str, str]) -> str:
    """Raises the service's refusal for a parameter that the task has not."""

    def value(match: re.Match[str]) -> str:
        if match[1] not in parameters:
            raise invalid(f"The placeholder {match[0]} names no input parameter.")
        return parameters[match[1]]

    return _INPUT.sub(value, text)


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """`$(NAME)` of a variable that there is; any other stays, and `$$` is one `$`.

    Source: kubernetes.io/docs/reference/kubernetes-api (Container.args, EnvVar.value)
    """

    def value(match: re.Match[str]) -> str:
        if match[1] is None:
            return "$"
        return variables.get(match[1], match[0])

    return _VARIABLE.sub(value, text)


def environment(told: Sequence[tuple[str, str]], service: Mapping[str, str]) -> dict[str, str]:
    """A container's variables: each may name those before it and the service's own, which stay."""
    found = dict(service)
    for name, value in told:
        found[name] = expanded(value, {**found, **service})
    return {**found, **service}
