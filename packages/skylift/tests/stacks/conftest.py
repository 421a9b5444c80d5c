from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration file of a project that the process stands in."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "skylift.toml"
    path.write_text('[project]\nname = "p"\n')
    return path
