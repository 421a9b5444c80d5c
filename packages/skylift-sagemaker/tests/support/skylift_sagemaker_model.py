"""AWS's own model of its services, as botocore brings it: the oracle of limits, states and requests."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from typing import Any

NUMBERS = {"integer", "long", "float", "double"}
EXPRESSIONS = [{"Get": "Execution.PipelineExecutionArn"}]


@cache
def model(service: str = "sagemaker") -> dict[str, Any]:
    loaders: Any = import_module("botocore.loaders")
    return loaders.Loader().load_service_model(service, "service-2")


def is_older() -> bool:
    """Whether this botocore is older than what is packaged here; then a newer one is the oracle."""
    return "CompletedWithFailures" not in shapes()["PipelineExecutionStatus"]["enum"]


def shapes(service: str = "sagemaker") -> dict[str, Any]:
    return model(service)["shapes"]


def faults(shape: str, value: Any, service: str = "sagemaker", where: str = "") -> list[str]:
    """What the model forbids in a request: names, requirements, sizes, patterns, enums.

    One of `EXPRESSIONS` stands for any text, as a definition's do. botocore itself checks no maximum,
    pattern or enum.
    """
    found = shapes(service)[shape]
    if value in EXPRESSIONS:
        return []
    size = value if found["type"] in NUMBERS else 1 if found["type"] == "boolean" else len(value)
    wrong = [f"{where}: {size} is out of {shape}"] if not _within(found, size) else []
    if found["type"] == "string":
        return wrong + _text_faults(found, value, f"{where} ({shape})")
    return wrong + [fault for part in _parts(found, value, where) for fault in _part_faults(part, service)]


def _within(found: Any, size: float) -> bool:
    return found.get("min", size) <= size <= found.get("max", size)


def _text_faults(found: Any, value: str, where: str) -> list[str]:
    pattern = found.get("pattern", "").replace(r"\p{L}\p{Z}\p{N}", r"\w\s")
    wrong = [f"{where}: {value!r} is not {pattern}"] if pattern and not re.fullmatch(pattern, value) else []
    if "enum" in found and value not in found["enum"]:
        wrong.append(f"{where}: {value!r} is none of its values")
    return wrong


def _parts(found: Any, value: Any, where: str) -> list[tuple[str, Any, str]]:
    """Shape, value and place of each thing inside; a fault has an empty shape."""
    if found["type"] == "list":
        return [(found["member"]["shape"], one, f"{where}[{n}]") for n, one in enumerate(value)]
    if found["type"] == "map":
        keys = [(found["key"]["shape"], key, f"{where}.{key}") for key in value]
        return keys + [(found["value"]["shape"], one, f"{where}.{key}") for key, one in value.items()]
    if found["type"] != "structure":
        return []
    missing = [
        ("", None, f"{where}.{name} is missing") for name in found.get("required", []) if name not in value
    ]
    members = found["members"]
    return missing + [
        (members[name]["shape"] if name in members else "", one, f"{where}.{name}")
        for name, one in value.items()
    ]


def _part_faults(part: tuple[str, Any, str], service: str) -> list[str]:
    shape, value, where = part
    return faults(shape, value, service, where) if shape else [f"{where}: wrong"]
