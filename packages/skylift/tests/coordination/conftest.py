from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from skylift_tests_support.runs import SUPPORT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes import the steps from where this one does."""
    monkeypatch.setenv("PYTHONPATH", SUPPORT)
