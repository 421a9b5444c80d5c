"""The documented interface's import path for these names."""

from __future__ import annotations

from skylift_contract.enums import ExecutionMode, ExecutionStatus

__all__ = ["ExecutionMode", "ExecutionStatus"]
