"""Many steps: no more at once than is allowed, nothing left behind, and all of them to be seen.

SKYLIFT_TEST_STEPS=2000 runs so many isolated steps instead of 40, a multiple of four, by hand.
"""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from skylift_tests_support import dynamic_steps
from skylift_tests_support.dynamic_runs import BODY, played
from skylift_tests_support.runs import lines

from skylift_contract.enums import ExecutionStatus as Status

if TYPE_CHECKING:
    from skylift_tests_support.commands import Project

pytestmark = pytest.mark.slow

steps: Any = dynamic_steps

STEPS = int(os.environ.get("SKYLIFT_TEST_STEPS", "40"))
AT_ONCE = 4
FIRST = STEPS // 3 // AT_ONCE * AT_ONCE
"""After so many the process holds what it will hold."""

MAPPED = 1000
GROWTH_MB = 16
"""A call keeps its record here, and no more: thousands of them are far from this."""


class Held:
    """What this process holds when no step runs."""

    def __init__(self) -> None:
        for thread in threading.enumerate():
            if thread.name.endswith(("(_follow)", "(_show)")):
                thread.join()
        self.threads = sorted(thread.name for thread in threading.enumerate())
        self.files = len(list(Path("/dev/fd").iterdir()))
        self.has_children = has_children()
        self.memory_mb = memory_mb()


def has_children() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


def memory_mb() -> float:
    """Resident; where the system does not say, nothing is compared."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20 if statm.exists() else 0.0


def most_at_once(journal: Path) -> int:
    most = running = 0
    for line in lines(journal):
        running += 1 if line == "begins" else -1
        most = max(most, running)
    return most


@pytest.mark.timeout(120 + STEPS)
@pytest.mark.timeout(180)
def test_isolated_steps_leave_nothing_behind(tmp_path: Path) -> None:
    journal, held = tmp_path / "journal", list[Held]()

    def submits() -> None:
        """Each ends when the four have begun that it is one of."""
        for numbers in (range(FIRST), range(FIRST, STEPS)):
            once = [number // AT_ONCE * AT_ONCE + AT_ONCE for number in numbers]
            steps.passes.map(str(journal), once).result()
            held.append(Held())

    BODY[:] = [submits]
    run = played.with_options(max_concurrent_steps=AT_ONCE)()

    assert run.status is Status.COMPLETED
    assert lines(journal).count("ends") == STEPS
    assert most_at_once(journal) == AT_ONCE
    before, after = held
    assert after.threads == before.threads
    assert len([name for name in after.threads if name == "skylift-step"]) == AT_ONCE
    assert after.files <= before.files
    assert not before.has_children
    assert not after.has_children
    assert after.memory_mb < before.memory_mb + GROWTH_MB


def test_a_wide_map_is_seen_whole(project: Project) -> None:
    loaded: list[int] = []

    def maps() -> None:
        loaded.extend(steps.double.map(list(range(MAPPED))).load())

    BODY[:] = [maps]
    run = played()

    assert loaded == [2 * number for number in range(MAPPED)]
    found = run.fetch()
    assert found.status is Status.COMPLETED
    assert list(found.steps) == [f"map:double:{number}" for number in range(MAPPED)]
    assert {step.status for step in found.steps.values()} == {Status.COMPLETED}
    described = project.skylift("runs", "describe", str(run.id))
    assert described.code == 0
    assert set(re.findall(r"map:double:\d+", described.out)) == set(found.steps)
    logs = project.skylift("runs", "logs", str(run.id), "map:double:777")
    assert (logs.code, logs.out) == (0, "doubling 777\n")
