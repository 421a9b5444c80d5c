"""Tests that need an engine: run on it, left out aloud, or failed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from skylift_testkit.docker.plugin import RunningEngine, refusal

NEEDS = """
import os

def test_it(docker_engine):
    assert docker_engine.host == os.environ["DOCKER_HOST"]
"""


def pytest_run(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(NEEDS)
    kept = {
        key: value
        for key, value in os.environ.items()
        if key not in {"DOCKER_HOST", "SKYLIFT_WITHOUT_DOCKER"}
    }
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"],
        cwd=folder,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_where_there_is_no_engine_the_tests_fail_and_say_why(tmp_path: Path) -> None:
    done = pytest_run(tmp_path, DOCKER_HOST="unix:///nowhere/docker.sock")
    assert done.returncode == 1
    assert (
        "these tests need a Docker Engine: no Docker Engine answers at unix:///nowhere/docker.sock: [Errno 2] No "
        "such file or directory. Name one that runs, DOCKER_HOST=unix:///…, or leave them out and say why: "
        'SKYLIFT_WITHOUT_DOCKER="reason".'
    ) in done.stdout
    assert "1 error" in done.stdout


def test_without_anything_to_start_one_with_they_fail_too(tmp_path: Path) -> None:
    done = pytest_run(tmp_path, PATH="/nowhere")
    assert done.returncode == 1
    assert (
        "these tests need a Docker Engine: there is no dockerd here, and no apt-get to install it with."
        in done.stdout
    )


def test_they_are_left_out_only_with_a_reason_that_is_shown(tmp_path: Path) -> None:
    done = pytest_run(tmp_path, SKYLIFT_WITHOUT_DOCKER="this runner has no root")
    assert done.returncode == 0
    assert "1 skipped" in done.stdout
    assert (
        "1 tests on Docker were left out, as SKYLIFT_WITHOUT_DOCKER says: this runner has no root"
        in done.stdout
    )


@pytest.mark.parametrize("reason", ["", "  "])
def test_an_empty_reason_is_none(tmp_path: Path, reason: str) -> None:
    done = pytest_run(tmp_path, SKYLIFT_WITHOUT_DOCKER=reason, PATH="/nowhere")
    assert done.returncode == 1


def test_an_engine_that_runs_is_used(docker_engine: RunningEngine, tmp_path: Path) -> None:
    done = pytest_run(tmp_path, DOCKER_HOST=docker_engine.host)
    assert "1 passed" in done.stdout


def test_one_of_the_sessions_own_is_found_by_every_process(tmp_path: Path) -> None:
    """Who looks at a run from elsewhere has not the options of the test that started it."""
    done = pytest_run(tmp_path)
    can_be_had = os.geteuid() == 0 and shutil.which("dockerd") is not None
    assert ("1 passed" if can_be_had else "these tests need a Docker Engine: ") in done.stdout


def test_the_refusal_says_both_ways_out() -> None:
    assert refusal("x") == (
        "these tests need a Docker Engine: x. Name one that runs, DOCKER_HOST=unix:///…, or leave them out and say "
        'why: SKYLIFT_WITHOUT_DOCKER="reason".'
    )
