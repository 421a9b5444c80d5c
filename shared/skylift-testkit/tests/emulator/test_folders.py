from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import pytest

from skylift_testkit.emulator import folders

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def gone(place: Path) -> Path:
    """What a process left that is no more."""
    code = "from skylift_testkit.emulator import folders; print(folders.made())"
    said = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "TMPDIR": str(place)},
        check=True,
        capture_output=True,
        text=True,
    )
    (found,) = place.iterdir()
    assert said.stdout == f"{found}\n"
    (found / "file").touch()
    return found


def test_what_a_process_left_that_is_gone_is_removed_and_nothing_else(place: Path, gone: Path) -> None:
    kept = [folders.made(), place / "skylift-step-old", place / f"other-{gone.name}"]
    for path in kept[1:]:
        path.mkdir()
    folders.remove_left()
    assert sorted(place.iterdir()) == sorted(kept)


def test_what_is_another_users_stays(gone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: gone.stat().st_uid + 1)
    folders.remove_left()
    assert gone.exists()


def test_a_process_that_may_not_be_asked_is_there(gone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int, number: int) -> None:
        raise PermissionError(pid, number)

    monkeypatch.setattr(os, "kill", refuse)
    folders.remove_left()
    assert gone.exists()


def test_a_link_is_neither_removed_nor_followed(place: Path, gone: Path) -> None:
    (place / "mine").mkdir()
    link = gone.with_name(gone.name + "_")
    link.symlink_to(place / "mine")
    folders.remove_left()
    assert sorted(place.iterdir()) == sorted([place / "mine", link])
