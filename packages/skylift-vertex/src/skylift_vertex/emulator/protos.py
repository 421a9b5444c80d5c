"""Requests as Google's own proto types read them: what these do not know is refused."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from skylift_testkit.emulator.server import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence


def read(name: str, body: dict[str, Any]) -> dict[str, Any]:
    """A message of `aiplatform_v1`, as REST has it; raises the service's INVALID_ARGUMENT."""
    vertex: Any = import_module("google.cloud.aiplatform_v1")
    json_format: Any = import_module("google.protobuf.json_format")
    kind = getattr(vertex, name)
    try:
        return json_format.MessageToDict(json_format.ParseDict(body, kind.pb(kind())))
    except json_format.ParseError as error:
        raise invalid(f"Invalid JSON payload received. {error}") from error


def invalid(message: str) -> Refusal:
    return Refusal(400, "INVALID_ARGUMENT", message)


def not_found(name: str) -> Refusal:
    return Refusal(404, "NOT_FOUND", f"The resource {name} is not found.")


def required(body: dict[str, Any], *names: str) -> None:
    """Raise for the first field that is not there; `jobSpec.workerPoolSpecs` is one inside another."""
    for name in names:
        if not at(body, name.split(".")):
            raise invalid(f"Required field is not set: {name}.")


def at(told: Any, keys: Sequence[str]) -> Any:
    """What stands there, or None."""
    for key in keys:
        told = cast("dict[str, Any]", told).get(key) if isinstance(told, dict) else None
    return told
