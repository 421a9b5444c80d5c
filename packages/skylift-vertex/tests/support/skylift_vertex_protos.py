"""Vertex's own proto types: what a request is to be, and what an answer is."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def types() -> Any:
    return import_module("google.cloud.aiplatform_v1")


def empty(name: str) -> Any:
    """A message of that name, as protobuf has it."""
    kind = getattr(types(), name)
    return kind.pb(kind())


def parsed(name: str, body: dict[str, Any]) -> dict[str, Any]:
    """The body as REST has it, after Google's own reader: an unknown field or a wrong type is an error."""
    json_format: Any = import_module("google.protobuf.json_format")
    return json_format.MessageToDict(json_format.ParseDict(body, empty(name)))


def names_of(enum: str) -> set[str]:
    """`PipelineState`, `Schedule.State`."""
    found: Any = types()
    for part in enum.split("."):
        found = getattr(found, part)
    return {str(one.name) for one in found}
