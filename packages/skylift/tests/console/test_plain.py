"""What a log file of a continuous integration gets: a line an event, and no escape."""

from __future__ import annotations

import io
import re
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from skylift.console.plain import PlainObserver
from skylift.observer import StepEvent
from skylift_contract.enums import ExecutionStatus as Status

if TYPE_CHECKING:
    from skylift_tests_support.commands import Project

MIXED = """
import sys
from skylift import StepRetryConfig, get_step_context, pipeline, step

@step
def load() -> int:
    print("loading")
    return 1

@step(retry=StepRetryConfig(max_retries=1, delay=0.01))
def flaky(value: int) -> int:
    if get_step_context().attempt == 1:
        raise RuntimeError("not yet")
    return value

@step
def broken(value: int) -> int:
    raise ValueError("no\\nwith more")

@step
def after(value: int) -> int:
    return value

@pipeline
def mixed() -> None:
    after(broken(flaky(load())))

if __name__ == "__main__":
    mixed()
"""


def line(event: StepEvent) -> str:
    stream = io.StringIO()
    PlainObserver(stream).step(event)
    return stream.getvalue()


def test_one_line_an_event() -> None:
    assert line(StepEvent("a", Status.RUNNING)) == "a: running\n"
    assert line(StepEvent("a", Status.COMPLETED, "", 1, 0.25)) == "a: completed in 250 ms\n"
    assert (
        line(StepEvent("a", Status.FAILED, "E: x\ny", 3, 2.0)) == "a: failed in 2.0 s (attempt 3): E: x …\n"
    )
    assert line(StepEvent("a", Status.SKIPPED, "step 'b' failed")) == "a: skipped: step 'b' failed\n"


def test_a_schedule_says_when_it_fires() -> None:
    stream = io.StringIO()
    PlainObserver(stream).deployed("nightly", [datetime(2026, 8, 2, 2, tzinfo=UTC)])
    assert stream.getvalue() == "schedule 'nightly' is deployed; it fires next at 2026-08-02 02:00 UTC\n"


def test_a_failing_run_from_its_first_line_to_its_last(project: Project) -> None:
    project.write("mixed.py", MIXED)
    answer = project.piped(sys.executable, "mixed.py")

    assert (answer.code, answer.out) == (1, "loading\n")
    assert "\x1b" not in answer.err
    assert "\r" not in answer.err
    run = re.search(r"^run (\S{36})$", answer.err, re.MULTILINE)
    assert run is not None
    told = re.sub(r"in \d+ ms|in [\d.]+ s", "in T", answer.err).splitlines()
    for expected in (
        f"mixed on local, store {project.store}",
        "load: completed in T",
        "flaky: running (attempt 2): attempt 1 failed, the next starts after 0.01 s: RuntimeError: not yet",
        "flaky: completed in T (attempt 2)",
        "broken: failed in T: ValueError: no …",
        "after: skipped: step 'broken' failed",
        f"run {run[1]} failed in T (2 completed, 1 failed, 1 skipped): step 'broken'",
        f"store: {project.store}",
        f"next: skylift runs why {run[1]}",
        f"      skylift runs describe {run[1]}",
    ):
        assert expected in told


def test_a_failed_run_raises_with_the_callers_own_line_and_little_else(project: Project) -> None:
    """Of Skylift's frames there is the one that raises."""
    project.write("mixed.py", MIXED)
    last = project.piped(sys.executable, "mixed.py").err.rpartition("Traceback (most recent call last):\n")[2]
    frames = re.findall(r'File "(.+?)", line \d+, in (.+)', last)

    assert [(file.rpartition("/")[2], where) for file, where in frames] == [
        ("mixed.py", "<module>"),
        ("pipelines.py", "__call__"),
    ]
    assert "skylift_contract.errors.RunFailed: run " in last


def test_a_completed_run_says_where_its_last_outputs_are(project: Project) -> None:
    text = MIXED.replace("after(broken(flaky(load())))", "after(flaky(load()))")
    project.write("mixed.py", text)
    answer = project.piped(sys.executable, "mixed.py")

    assert answer.code == 0
    assert re.search(
        rf"^  after.output: {project.store}/skylift/1/artifacts/\w{{64}}$", answer.err, re.MULTILINE
    )
    assert re.search(r"^next: skylift runs describe \S{36}$", answer.err, re.MULTILINE)
    assert "why" not in answer.err
