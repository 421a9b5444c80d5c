"""`--config FILE`: a run's parameters and settings, in YAML, TOML or JSON.

Two keys are read, and any other is refused by its name:

    parameters:                      # what the pipeline's function is called with
      depth: 8
    settings:                        # as in @pipeline(settings=…), field by field over it
      resources: {memory: 8GB}
      orchestrator.local: {max_parallelism: 4}

`--param` wins over `parameters`. Settings of a single step stand with the step.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from skylift_contract.errors import ConfigurationError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

KEYS: Final = ("parameters", "settings")


@dataclass(frozen=True, slots=True)
class RunConfig:
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])


def read_config(path: Path) -> RunConfig:
    """Read a file by its suffix; raises `ConfigurationError` for what cannot be read or is not known."""
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise ConfigurationError(
            "its suffix says no format that is read here",
            who=str(path),
            value=path.suffix,
            fix=f"Use one of {', '.join(_READERS)}.",
        )
    try:
        content = read(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"it cannot be read: {error.strerror}", who=str(path), fix="Check the path."
        ) from error
    except (ValueError, _Unreadable) as error:  # a decoding error of each format is a ValueError
        raise ConfigurationError(
            f"it cannot be read: {error}", who=str(path), fix="Mend the line."
        ) from error
    return _checked({} if content is None else content, str(path))


def _checked(content: Any, who: str) -> RunConfig:
    found = _mapping(content, who)
    for key in found:
        if key not in KEYS:
            raise UnknownName("key", str(key), KEYS, who=who)
    parts = {key: _mapping(found.get(key) or {}, f"{who}, {key}") for key in KEYS}
    for name, settings in parts["settings"].items():
        _mapping(settings, f"{who}, settings.{name}")
    return RunConfig(**parts)


def _mapping(value: Any, who: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        kind = type(value).__name__
        raise ConfigurationError("it is a mapping of names to values", who=who, value=kind)
    found = cast("dict[object, Any]", value)
    for key in found:
        if not isinstance(key, str):
            raise ConfigurationError("a name is text", who=who, value=key, fix="Put it in quotes.")
    return cast("dict[str, Any]", found)


class _Unreadable(Exception):
    pass


def _yaml(text: str) -> Any:
    import yaml

    class Loader(yaml.SafeLoader):
        """Refuses what YAML forbids and PyYAML lets pass: one name twice in a mapping."""

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
            names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            _check_names(names, f"line {node.start_mark.line + 1}")
            return super().construct_mapping(node, deep)

    try:
        return yaml.load(text, Loader)  # noqa: S506 -- a SafeLoader
    except yaml.YAMLError as error:
        raise _Unreadable(" ".join(str(error).split())) from error


def _json(text: str) -> Any:
    def pairs(found: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        _check_names([name for name, _ in found], "an object")
        return dict(found)

    return json.loads(text, object_pairs_hook=pairs)


def _check_names(names: Sequence[str], where: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise _Unreadable(f"{where} has {name!r} twice")


_READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    ".yaml": _yaml,
    ".yml": _yaml,
    ".toml": tomllib.loads,
    ".json": _json,
}
