"""Whoever copies the orchestrator of the docs and holds it against the kit sees nothing fail."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

pytestmark = pytest.mark.slow

PAGE: Final = Path(__file__).parents[3] / "docs" / "custom-orchestrator.md"
SUITES: Final = "DiscoverySuite, ConfigSuite, RunIdSuite, SubmitSuite, ResourceSuite, CompileSuite"
TESTS: Final = f"""
import pytest
from processes import ProcessesFlavor
from skylift_testkit import {SUITES}


class TestProcesses({SUITES}):
    @pytest.fixture
    def flavor(self) -> ProcessesFlavor:
        return ProcessesFlavor()
"""


def install(folder: Path) -> None:
    """As a package has it: a module, and an entry point."""
    found = re.search(r"<!-- file: processes.py -->\n```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    (folder / "processes.py").write_text(found[1])
    metadata = folder / "processes-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: processes\nVersion: 1\n")
    points = "[skylift.orchestrators]\nprocesses = processes:ProcessesFlavor\n"
    (metadata / "entry_points.txt").write_text(points)


def test_the_orchestrator_of_the_docs(tmp_path: Path) -> None:
    install(tmp_path)
    (tmp_path / "test_processes.py").write_text(TESTS)
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_processes.py"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    assert re.search(r"^processes: ", ended.stdout, re.MULTILINE)
    assert re.search(r"^  SubmitSuite +[1-9]\d* passed .* 0 failed", ended.stdout, re.MULTILINE)
    assert re.search(r"^  RunIdSuite .* supported$", ended.stdout, re.MULTILINE)
