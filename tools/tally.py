"""Sum up what a run of nox did, in one closing line: `N passed, N failed, N skipped`.

Reads the reports that the sessions' pytest wrote and nox's own: a session that failed
without a failing test (a lint finding, a wheel that does not install) counts as one.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterable


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
    """Read `nox.json` and the `*.xml` beside it; no `nox.json` means nox itself did not run."""
    by_session = {report.stem: _pytest(report) for report in sorted(folder.glob("*.xml"))}
    total = sum(by_session.values(), Tally())
    report = folder / "nox.json"
    if not report.exists():
        return total + Tally(failed=1)
    return total + Tally(failed=sum(1 for name in _failed(report) if not _explained(name, by_session)))


def _pytest(report: Path) -> Tally:
    suites = ET.parse(report).getroot().iter("testsuite")  # noqa: S314 -- written by our own pytest
    return sum((_suite(suite.attrib) for suite in suites), Tally())


def _suite(counts: dict[str, str]) -> Tally:
    failed = int(counts["failures"]) + int(counts["errors"])
    skipped = int(counts["skipped"])
    return Tally(max(int(counts["tests"]) - failed - skipped, 0), failed, skipped)


def _failed(report: Path) -> Iterable[str]:
    sessions: list[dict[str, Any]] = json.loads(report.read_text())["sessions"]
    return [str(one["name"]) for one in sessions if one["result"] not in {"success", "skipped"}]


def _explained(session: str, by_session: dict[str, Tally]) -> bool:
    return by_session.get(session, Tally()).failed > 0


if __name__ == "__main__":
    print(tally(Path(sys.argv[1])))
