"""What the configuration file says, read into data.

```toml
[active]                          # what runs where nothing else is asked for
stack = "production"

[stack.production]
orchestrator = "prod"
artifact_store = "bucket"

[orchestrator.prod]
flavor = "sagemaker"
execution_role = "arn:aws:iam::123456789012:role/SageMaker"

[artifact_store.bucket]
uri = "s3://company-ml/skylift"
secret_access_key = "${env:STORE_KEY}"

[flavor]                          # custom flavors without an entry point
my_orchestrator = "my_package.flavor:MyFlavor"

[integration]                     # where `skylift integration install` takes packages from
index = "https://packages.company.example/simple"
```
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast
from uuid import UUID

from skylift_contract.errors import ConfigurationError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

T = TypeVar("T")

DEFAULT: Final = "default"
"""The stack and the components that are always there, and stand in no file."""

STACK_VARIABLE: Final = "SKYLIFT_STACK"
"""Names the active stack in place of the configuration file, which is not changed by that."""

NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,62}")
"""Also what a key of TOML may be without quotes."""


class Kind(StrEnum):
    """A kind of component: the name of its tables, and of the stack's key that names one."""

    ORCHESTRATOR = "orchestrator"
    ARTIFACT_STORE = "artifact_store"
    CONTAINER_REGISTRY = "container_registry"

    @property
    def words(self) -> str:
        return self.value.replace("_", " ")

    @property
    def command(self) -> str:
        return self.value.replace("_", "-")


SECTIONS: Final = ("project", "active", "stack", *map(str, Kind), "flavor", "secret", "integration")


@dataclass(frozen=True, slots=True)
class Component:
    """A component as it is registered; a secret among its `options` is a reference.

    Args:
        flavor: An orchestrator's; of another kind it is empty.
        id: Its own for as long as it is registered; None lets its name and flavor say it.
    """

    kind: Kind
    name: str
    flavor: str = ""
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class StackEntry:
    """A stack as it is registered: the name of its component of each kind."""

    name: str
    components: Mapping[Kind, str]


@dataclass(frozen=True, slots=True)
class Entries:
    """Everything a configuration file says; the default stack is part of it.

    Args:
        active_by: What says which stack is active: the file, or a variable; empty where none does.
        flavors: Name → `module:Class`.
        secrets: Name → reference.
        index: Where packages of integrations are taken from; empty where that is not said.
        broken: Name → what is wrong, of components that cannot be; they are not in `components`.
        broken_stacks: The same of stacks.
    """

    path: Path
    active: str = DEFAULT
    active_by: str = ""
    stacks: Mapping[str, StackEntry] = field(default_factory=dict[str, StackEntry])
    components: Mapping[Kind, Mapping[str, Component]] = field(
        default_factory=dict[Kind, "Mapping[str, Component]"]
    )
    flavors: Mapping[str, str] = field(default_factory=dict[str, str])
    secrets: Mapping[str, str] = field(default_factory=dict[str, str])
    index: str = ""
    broken: Mapping[Kind, Mapping[str, ConfigurationError]] = field(
        default_factory=lambda: {kind: dict[str, ConfigurationError]() for kind in Kind}
    )
    broken_stacks: Mapping[str, ConfigurationError] = field(default_factory=dict[str, ConfigurationError])

    def component(self, kind: Kind, name: str, also: Iterable[str] = ()) -> Component:
        """Raises `UnknownName`, offering the nearest of these and `also`; of a broken one its own error."""
        known = self.components[kind]
        if name in (broken := self.broken[kind]):
            raise broken[name]
        if name not in known:
            fix = f"See: skylift {kind.command} list"
            raise UnknownName(kind.words, name, [*known, *also], who=self._who, fix=fix)
        return known[name]

    def stack(self, name: str) -> StackEntry:
        """Raises `UnknownName`, offering the nearest, and of a broken one what is wrong with it."""
        if name in self.broken_stacks:
            raise self.broken_stacks[name]
        if name not in self.stacks:
            is_asked = self.active_by == STACK_VARIABLE and name == self.active
            who = STACK_VARIABLE if is_asked else self._who
            raise UnknownName("stack", name, self.stacks, who=who, fix="See: skylift stack list")
        return self.stacks[name]

    def names(self, kind: Kind) -> tuple[str, ...]:
        """Names that are taken, by what is broken too."""
        return (*self.components[kind], *self.broken[kind])

    @property
    def _who(self) -> str:
        return str(self.path) if self.path.exists() else ""

    def used_by(self, kind: Kind, name: str) -> tuple[str, ...]:
        """The stacks that have this component."""
        return tuple(stack.name for stack in self.stacks.values() if stack.components.get(kind) == name)


DEFAULTS: Final = MappingProxyType(
    {
        Kind.ORCHESTRATOR: {DEFAULT: Component(Kind.ORCHESTRATOR, DEFAULT, "local")},
        Kind.ARTIFACT_STORE: {DEFAULT: Component(Kind.ARTIFACT_STORE, DEFAULT)},
        Kind.CONTAINER_REGISTRY: dict[str, Component](),
    }
)
_DEFAULT_STACK: Final = StackEntry(DEFAULT, {Kind.ORCHESTRATOR: DEFAULT, Kind.ARTIFACT_STORE: DEFAULT})


def read_entries(content: Mapping[str, Any], path: Path) -> Entries:
    """The entries of a parsed file; one stack or component that cannot be keeps none of the others back.

    Raises `ConfigurationError` for anything else that is wrong, naming its table.
    """
    for section in content:
        if section not in SECTIONS:
            raise UnknownName("table", section, SECTIONS, who=str(path))
    _only(content, "project", "name", path)
    active = _only(content, "active", "stack", path)
    stacks = _Read[StackEntry].of(content, "stack", path, _stack)
    parts = {kind: _Read[Component].of(content, kind.value, path, partial(_component, kind)) for kind in Kind}
    return Entries(
        path,
        active=active or DEFAULT,
        active_by=str(path) if active else "",
        stacks=stacks.beside({DEFAULT: _DEFAULT_STACK}),
        components={kind: read.beside(DEFAULTS[kind]) for kind, read in parts.items()},
        flavors=_texts(content, "flavor", path),
        secrets=_texts(content, "secret", path),
        index=_only(content, "integration", "index", path),
        broken={kind: read.broken for kind, read in parts.items()},
        broken_stacks=stacks.broken,
    )


@dataclass(frozen=True, slots=True)
class _Read(Generic[T]):
    """The tables of a section, each by itself: what they say, or what is wrong with them."""

    found: Mapping[str, T]
    broken: Mapping[str, ConfigurationError]

    @classmethod
    def of(
        cls, content: Mapping[str, Any], section: str, path: Path, read: Callable[[str, Any, str], T]
    ) -> _Read[T]:
        found: dict[str, T] = {}
        broken: dict[str, ConfigurationError] = {}
        for name, table in _table(content, section, path).items():
            who = f"{path}, [{section}.{name}]"
            try:
                _check_own_name(name, who)
                found[name] = read(name, _mapping(table, who), who)
            except ConfigurationError as error:
                broken[name] = error
        return cls(found, broken)

    def beside(self, defaults: Mapping[str, T]) -> Mapping[str, T]:
        """With what is always there, unless a table takes that for its own."""
        return {name: one for name, one in {**defaults, **self.found}.items() if name not in self.broken}


def _only(content: Mapping[str, Any], section: str, name: str, path: Path) -> str:
    """The one key that a table may have; empty where it is not there."""
    table = _table(content, section, path)
    for key in table:
        if key != name:
            raise UnknownName("key", key, [name], who=f"{path}, [{section}]")
    return _text(table[name], f"{path}, {section}.{name}") if name in table else ""


def _stack(name: str, table: Mapping[str, Any], who: str) -> StackEntry:
    kinds = [kind.value for kind in Kind]
    for key in table:
        if key not in kinds:
            raise UnknownName("kind of component", key, kinds, who=who)
    return StackEntry(name, {Kind(key): _text(part, f"{who}, {key}") for key, part in table.items()})


def _component(kind: Kind, name: str, table: Mapping[str, Any], who: str) -> Component:
    options = dict(table)
    flavor = ""
    if kind is Kind.ORCHESTRATOR:
        if "flavor" not in options:
            raise ConfigurationError("it names no flavor", who=who, fix='Add: flavor = "local"')
        flavor = _text(options.pop("flavor"), f"{who}, flavor")
    return Component(kind, name, flavor, options, _id(options.pop("id", None), who))


def _id(value: object, who: str) -> UUID | None:
    if value is None:
        return None
    try:
        return UUID(str(value))
    except ValueError:
        raise ConfigurationError(
            "it is no UUID", who=f"{who}, id", value=value, fix="Leave the line out."
        ) from None


def _texts(content: Mapping[str, Any], section: str, path: Path) -> dict[str, str]:
    found = _table(content, section, path)
    return {name: _text(value, f"{path}, {section}.{name}") for name, value in found.items()}


def _check_own_name(name: str, who: str) -> None:
    check_name(name, who)
    if name == DEFAULT:
        fix = "Give yours another name."
        raise ConfigurationError("it is always there, as it is", who=who, fix=fix)


def check_name(name: str, who: str) -> str:
    """Return the name, or raise `ConfigurationError` for one that no component may have."""
    if NAME.fullmatch(name) is None:
        limit = "letters, digits, _ and -, at most 63, not beginning with -"
        raise ConfigurationError(
            "it cannot be a name", who=who, value=name, limit=limit, fix="Choose another."
        )
    return name


def _table(content: Mapping[str, Any], section: str, path: Path) -> Mapping[str, Any]:
    return _mapping(content.get(section, {}), f"{path}, [{section}]")


def _mapping(value: object, who: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigurationError(
            "it is a table", who=who, value=value, fix="Write what is in it below its name in brackets."
        )
    return cast("Mapping[str, Any]", value)


def _text(value: object, who: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError("it is text", who=who, value=value, fix='Write it in quotes: "text".')
    return value
