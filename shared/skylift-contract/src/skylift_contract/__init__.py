"""The contract between Skylift and its plugins.

Import what you need from its modules; this one loads nothing, so that a process
which only looks for plugins stays fast.
"""

from __future__ import annotations

from typing import Final

__version__: Final = "0.1.0"

CONTRACT_MAJOR: Final = 1
"""Raised when a plugin written for the former contract can no longer work unchanged."""
