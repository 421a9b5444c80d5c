from __future__ import annotations

from importlib import import_module
from typing import Any

from skylift_vertex.locations import LOCATIONS


def test_they_are_the_sdks() -> None:
    """Where a newer SDK knows more, this fails, and they are added."""
    base: Any = import_module("google.cloud.aiplatform.constants.base")
    assert frozenset(base.SUPPORTED_REGIONS) - {"global"} <= LOCATIONS
