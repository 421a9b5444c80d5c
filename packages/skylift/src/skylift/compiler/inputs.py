"""What a call of a step was given: outputs of others, or values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skylift.authoring.handles import InvocationHandle, OutputHandle, OutputHandles
from skylift.authoring.parameters import NotJson, to_json
from skylift_contract.errors import AuthoringError
from skylift_contract.snapshot import ArtifactRef, InputSource

if TYPE_CHECKING:
    from collections.abc import Mapping


def as_input(value: Any, who: str) -> InputSource | tuple[InputSource, ...] | None:
    """A handle, or a list of handles, as the outputs they stand for; None for a plain value."""
    if isinstance(value, OutputHandle):
        return InputSource(invocation=value.invocation, output=value.output)
    if isinstance(value, OutputHandles):
        names = ", ".join(handle.output for handle in value)
        raise AuthoringError(
            f"step {value[0].invocation!r} returns several outputs: {names}",
            who=who,
            fix="Unpack them where the step is called, and pass those that are wanted.",
        )
    if isinstance(value, InvocationHandle):
        raise AuthoringError(
            f"step {value.invocation!r} returns nothing to pass on", who=who, fix="Use after= to wait for it."
        )
    stands = OutputHandle | OutputHandles | InvocationHandle
    if not isinstance(value, list | tuple) or not any(isinstance(item, stands) for item in value):  # pyright: ignore[reportUnknownVariableType]
        return None
    found: list[Any] = [as_input(item, who) for item in value]  # pyright: ignore[reportUnknownVariableType]
    if not all(isinstance(item, InputSource) for item in found):
        raise AuthoringError(
            "a list of outputs holds outputs of steps only", who=who, fix="Pass the other values separately."
        )
    return tuple(found)


def flat(inputs: Mapping[str, InputSource | tuple[InputSource, ...] | ArtifactRef]) -> list[InputSource]:
    """The outputs that inputs are taken from."""
    found = (one if isinstance(one, tuple) else (one,) for one in inputs.values())
    return [source for group in found for source in group if isinstance(source, InputSource)]


def default_parameter(name: str, value: Any, annotation: Any, who: str) -> dict[str, Any]:
    """A default as a parameter, so that it is seen; one with no JSON form stays the function's."""
    try:
        return {name: to_json(value, annotation, who)}
    except NotJson:
        return {}
