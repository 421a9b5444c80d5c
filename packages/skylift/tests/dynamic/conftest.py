from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from skylift_tests_support.runs import SUPPORT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Runs are kept here; processes import the steps from where this one does."""
    uri = f"file://{tmp_path}/store"
    monkeypatch.setenv("SKYLIFT_STORE_URI", uri)
    monkeypatch.setenv("PYTHONPATH", SUPPORT)
    return uri
