"""Whoever copies the orchestrator of the docs and holds it against the kit sees nothing fail."""

from __future__ import annotations

import re
import shutil
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


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "test_processes.py").write_text(TESTS)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_processes.py"],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(folder), "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_its_entry_point_it_is_one_failure_that_says_so(tmp_path: Path) -> None:
    install(tmp_path)
    shutil.rmtree(tmp_path / "processes-1.dist-info")
    told = run(tmp_path).stdout
    assert "Interrupted: the kit's steps find a flavor by the entry point of an installed package" in told
    assert len(re.findall(r"^ERROR ", told, re.MULTILINE)) == 1, told


def test_the_orchestrator_of_the_docs(tmp_path: Path) -> None:
    install(tmp_path)
    ended = run(tmp_path)
    assert ended.returncode == 0, ended.stdout
    assert re.search(r"^processes: ", ended.stdout, re.MULTILINE)
    assert re.search(r"^  SubmitSuite +[1-9]\d* passed .* 0 failed", ended.stdout, re.MULTILINE)
    assert re.search(r"^  RunIdSuite .* supported$", ended.stdout, re.MULTILINE)
