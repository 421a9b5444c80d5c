"""What the pages of this repository show is run as it stands; `tools/documented_code.py` has the rules."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import pytest

from documented_code import Ran, Reader, run_page
from workspace import ROOT

PATTERNS: Final = (
    *("README.md", "CONTRIBUTING.md", "packages/*/README.md", "shared/*/README.md"),
    *("examples/*/README.md", "docs/**/*.md"),
)
PAGES: Final = sorted({page.relative_to(ROOT) for pattern in PATTERNS for page in ROOT.glob(pattern)})


class Count:
    """A pytest plugin for one closing line: how many blocks were run, and how many are exempt."""

    def __init__(self) -> None:
        self.pages: list[Ran] = []

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        run, exempt = sum(one.run for one in self.pages), sum(one.exempt for one in self.pages)
        terminalreporter.write_line(f"{len(self.pages)} pages: {run} code blocks run, {exempt} exempt")


@pytest.fixture(scope="module")
def count(request: pytest.FixtureRequest) -> Count:
    counting = Count()
    request.config.pluginmanager.register(counting)
    return counting


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_the_code_on_a_page_runs(page: Path, tmp_path: Path, count: Count) -> None:
    count.pages.append(run_page((ROOT / page).read_text(), str(page), Reader(tmp_path, Path(sys.executable))))
