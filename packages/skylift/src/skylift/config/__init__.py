"""The documented interface's import path for settings."""

from __future__ import annotations

from skylift_contract.resource_settings import ResourceSettings
from skylift_contract.schedule import Schedule
from skylift_contract.settings import CachePolicy, DockerSettings, StepRetryConfig

__all__ = ["CachePolicy", "DockerSettings", "ResourceSettings", "Schedule", "StepRetryConfig"]
