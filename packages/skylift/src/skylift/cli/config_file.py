"""`--config FILE`: a run's parameters and options, in YAML, TOML or JSON.

These keys are read, and any other is refused by its name:

    parameters:                      # what the pipeline's function is called with
      depth: 8
    settings:                        # as in @pipeline(settings=…), field by field over it
      resources: {memory: 8GB}
      orchestrator.local: {max_parallelism: 4}
    enable_cache: false              # as in @pipeline(enable_cache=…), in its place
    tags: [nightly]                  # besides the pipeline's own
    steps:                           # options of @step by the step's name, over its own
      train: {timeout: 3600, settings: {resources: {memory: 64GB}}}

`--param` and the environment win over `parameters`.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from skylift.authoring.options import CHANGEABLE, StepChanges
from skylift.tags import checked_tags
from skylift_contract.errors import ConfigurationError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from skylift.authoring.pipelines import PipelineFunction

KEYS: Final = ("parameters", "settings", "enable_cache", "tags", "steps")
MAPPINGS: Final = ("parameters", "settings", "steps")
DEPTH_OF_AN_OPTION: Final = 3
"""`steps`, a step's name, the option's name: no deeper are lines told, and an alias may hold itself."""


@dataclass(frozen=True, slots=True)
class RunConfig:
    """`enable_cache`: None where the file does not say."""

    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    enable_cache: bool | None = None
    tags: tuple[str, ...] = ()
    steps: Mapping[str, StepChanges] = field(default_factory=dict[str, StepChanges])

    def options_of(self, pipeline: PipelineFunction) -> dict[str, Any]:
        """What these make of a pipeline's options."""
        options: dict[str, Any] = {"steps": self.steps} if self.steps else {}
        if self.settings:
            from skylift.compiler.configuration import merged

            options["settings"] = merged(pipeline.options.settings, self.settings, pipeline.who)
        if self.enable_cache is not None:
            options["enable_cache"] = self.enable_cache
        if self.tags:
            options["tags"] = tuple(dict.fromkeys((*pipeline.options.tags, *self.tags)))
        return options


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
        text = path.read_text(encoding="utf-8-sig")  # Windows' editors begin it with a mark
        content = read(text)
    except OSError as error:
        raise ConfigurationError(
            f"it cannot be read: {error.strerror}", who=str(path), fix="Check the path."
        ) from error
    except RecursionError as error:
        raise ConfigurationError(
            "it cannot be read: its values are nested too deeply", who=str(path), fix="Nest them less."
        ) from error
    except (ValueError, _Unreadable) as error:  # a decoding error of each format is a ValueError
        raise ConfigurationError(
            f"it cannot be read: {error}", who=str(path), fix="Mend the line."
        ) from error
    lines = _lines(text) if read is _yaml else {}
    return _checked({} if content is None else content, str(path), lines)


def _checked(content: Any, who: str, lines: Mapping[tuple[str, ...], int]) -> RunConfig:
    found = _mapping(content, who)
    for key in found:
        if key not in KEYS:
            raise UnknownName("key", str(key), KEYS, who=who)
    parts = {key: _mapping(found.get(key) or {}, f"{who}, {key}") for key in MAPPINGS}
    for name, settings in parts["settings"].items():
        _mapping(settings, f"{who}, settings.{name}")
    return RunConfig(
        parts["parameters"],
        parts["settings"],
        _enable_cache(found.get("enable_cache"), f"{who}, enable_cache"),
        _tags(found.get("tags"), f"{who}, tags"),
        {name: _step(name, options, who, lines) for name, options in parts["steps"].items()},
    )


def _enable_cache(value: Any, who: str) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise ConfigurationError(
            "it is true or false", who=who, value=value, fix="Write one of them, without quotes."
        )
    return value


def _tags(value: Any, who: str) -> tuple[str, ...]:
    if value is not None and not isinstance(value, list):
        raise ConfigurationError("it is a list of tags", who=who, value=value, fix="Put it in brackets.")
    return checked_tags(cast("list[Any]", value or []), who)


def _step(name: str, options: Any, who: str, lines: Mapping[tuple[str, ...], int]) -> StepChanges:
    from skylift.compiler.changes import check_changes

    def at(*path: str) -> str:
        line = lines.get(("steps", *path))
        return f"{who}, {f'line {line}, ' if line else ''}{'.'.join(('steps', *path))}"

    given = _mapping(options, at(name))
    for key in given:
        if key not in CHANGEABLE:
            raise UnknownName("option", key, CHANGEABLE, who=at(name, key))
    for key, value in given.items():
        check_changes(StepChanges({key: value}, at(name, key)))
    return StepChanges(given, at(name))


def _mapping(value: Any, who: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        kind = type(value).__name__
        fix = "Give each value its name."
        raise ConfigurationError("it is a mapping of names to values", who=who, value=kind, fix=fix)
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


def _lines(text: str) -> dict[tuple[str, ...], int]:
    """Where each name of a YAML text stands, by the names that lead to it; lines count from 1."""
    import yaml

    found: dict[tuple[str, ...], int] = {}

    def note(node: Any, path: tuple[str, ...]) -> None:
        for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
            if isinstance(key, yaml.ScalarNode) and len(path) < DEPTH_OF_AN_OPTION:
                found[*path, key.value] = key.start_mark.line + 1
                note(value, (*path, key.value))

    note(cast("Any", yaml).compose(text, yaml.SafeLoader), ())
    return found


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
