"""Sum up what a run of nox did, in one closing line: `N passed, N failed, N skipped`.

Reads the reports that the sessions' pytest wrote and nox's own: a session that failed
without a failing test (a lint finding, a wheel that does not install) counts as one.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from side_by_side import ASKED


@dataclass(frozen=True)
class Tally:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def tally(folder: Path) -> Tally:
    """Read what was asked for, a `*.nox.json` of each session, and the `*.xml` of pytest beside them."""
    by_session = {report.stem: _pytest(report) for report in sorted(folder.glob("*.xml"))}
    total = sum(by_session.values(), Tally())
    asked = folder / ASKED
    if not asked.exists():
        return total + Tally(failed=1)
    failed = [name for name in json.loads(asked.read_text()) if not _is_sound(folder / f"{name}.nox.json")]
    return total + Tally(failed=sum(1 for name in failed if not by_session.get(name, Tally()).failed))


def _pytest(report: Path) -> Tally:
    suites = ET.parse(report).getroot().iter("testsuite")  # noqa: S314 -- written by our own pytest
    return sum((_suite(suite.attrib) for suite in suites), Tally())


def _suite(counts: dict[str, str]) -> Tally:
    failed = int(counts["failures"]) + int(counts["errors"])
    skipped = int(counts["skipped"])
    return Tally(max(int(counts["tests"]) - failed - skipped, 0), failed, skipped)


def _is_sound(report: Path) -> bool:
    """A session that nox never came to has no report."""
    if not report.exists():
        return False
    sessions: list[dict[str, Any]] = json.loads(report.read_text())["sessions"]
    return {one["result"] for one in sessions} <= {"success", "skipped"}


if __name__ == "__main__":
    print(tally(Path(sys.argv[1])))
