from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from skylift_tests_support.commands import Project, make_project
from skylift_tests_support.stores import (
    any_store,
    azure_server,
    azure_store,
    clean_environment,
    file_store,
    gcs_server,
    gcs_store,
    memory_store,
    s3_server,
    s3_store,
)

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

__all__ = [
    "any_store",
    "azure_server",
    "azure_store",
    "clean_environment",
    "file_store",
    "gcs_server",
    "gcs_store",
    "memory_store",
    "s3_server",
    "s3_store",
]


@pytest.fixture
def project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Generator[Project]:
    yield from make_project(tmp_path, monkeypatch, capsys)
