"""A stack: the components that one run is made with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from skylift_contract.orchestrator import BaseOrchestrator

COMPONENTS: Final = UUID("8f1f3a52-58c7-5f9b-b7de-0a6f0d6d4e11")
"""The namespace of ids for components that were made without one."""


class StackComponent:
    """A configured piece of a stack.

    Args:
        config: The component's configuration.
        name: What people call it.
        id: Its own id; by default derived from flavor and name.
        flavor: The kind of component it is.
    """

    def __init__(
        self, config: BaseModel, *, name: str = "", flavor: str = "", id: UUID | None = None
    ) -> None:
        self._config = config
        self.name, self.flavor = name or flavor, flavor
        self.id = id or uuid5(COMPONENTS, f"{flavor}\n{self.name}")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


@dataclass(frozen=True, slots=True)
class ArtifactStore:
    """Where runs and their artifacts are kept; `options` are the store's own, by name."""

    uri: str
    options: Mapping[str, str] = field(default_factory=dict[str, str])
    name: str = "default"

    @property
    def is_remote(self) -> bool:
        """Whether another machine could reach it."""
        return not self.uri.startswith(("file://", "memory://"))


@dataclass(frozen=True, slots=True)
class ContainerRegistry:
    """Where built images are pushed; `uri` is the prefix of their names."""

    uri: str
    name: str = "default"


@dataclass(frozen=True, slots=True)
class Stack:
    """One orchestrator, one artifact store, and optionally a container registry.

    `is_emulated`: an emulator of this machine stands in for the backend, so steps run here.
    """

    name: str
    orchestrator: BaseOrchestrator
    artifact_store: ArtifactStore
    container_registry: ContainerRegistry | None = None
    is_emulated: bool = False

    @property
    def runs_elsewhere(self) -> bool:
        """Whether steps run on machines that reach nothing of this one, and go on without it."""
        return self.orchestrator.config.is_remote and not self.is_emulated
