"""The documented interface's import path for these names."""

from __future__ import annotations

from skylift_contract.stack import ArtifactStore, ContainerRegistry, Stack, StackComponent

__all__ = ["ArtifactStore", "ContainerRegistry", "Stack", "StackComponent"]
