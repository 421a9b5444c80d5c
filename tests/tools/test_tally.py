from __future__ import annotations

import json
from typing import TYPE_CHECKING

from side_by_side import ASKED
from tally import Tally, tally

if TYPE_CHECKING:
    from pathlib import Path


def report(folder: Path, session: str, **counts: int) -> None:
    known = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0} | counts
    attributes = " ".join(f'{name}="{count}"' for name, count in known.items())
    (folder / f"{session}.xml").write_text(f"<testsuites><testsuite {attributes}/></testsuites>")


def nox(folder: Path, **results: str) -> None:
    (folder / ASKED).write_text(json.dumps(list(results)))
    for name, result in results.items():
        told = {"sessions": [{"name": name, "result": result}]}
        (folder / f"{name}.nox.json").write_text(json.dumps(told))


def test_sessions_are_summed(tmp_path: Path) -> None:
    report(tmp_path, "one", tests=10, failures=1, errors=1, skipped=2)
    report(tmp_path, "two", tests=5)
    nox(tmp_path, one="failed", two="success", lint="success")
    assert tally(tmp_path) == Tally(passed=11, failed=2, skipped=2)


def test_a_session_that_failed_without_a_failing_test_counts_as_one(tmp_path: Path) -> None:
    report(tmp_path, "one", tests=3)
    nox(tmp_path, one="failed", lint="failed", types="aborted")
    assert tally(tmp_path) == Tally(passed=3, failed=3)


def test_a_run_that_never_started_has_failed(tmp_path: Path) -> None:
    assert str(tally(tmp_path)) == "0 passed, 1 failed, 0 skipped"


def test_a_session_that_nox_never_came_to_has_failed(tmp_path: Path) -> None:
    nox(tmp_path, one="success", two="success")
    (tmp_path / "two.nox.json").unlink()
    assert tally(tmp_path) == Tally(failed=1)
