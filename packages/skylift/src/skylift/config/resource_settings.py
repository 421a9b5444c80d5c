"""The documented interface's import path for `ResourceSettings`."""

from __future__ import annotations

from skylift_contract.resource_settings import ResourceSettings

__all__ = ["ResourceSettings"]
