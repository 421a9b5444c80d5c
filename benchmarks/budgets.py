"""The project's budgets, each measured beside its bar, in one run.

    nox -s bench

CPU seconds are steadier than wall time on a shared machine. Figures that start a process
are the median of several, and are compared with a bare interpreter of the same run.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
RUNS = 7


@dataclass(frozen=True)
class Measured:
    what: str
    value: float
    bar: float
    unit: str

    @property
    def ratio(self) -> float:
        return self.value / self.bar


def cpu_of(argv: list[str], environment: dict[str, str] | None = None) -> float:
    """Median CPU seconds, user and system, of a whole process and its children."""
    taken: list[float] = []
    for _ in range(RUNS + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(argv, check=True, capture_output=True, env={**os.environ, **(environment or {})})
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(taken[1:])  # the first one compiles bytecode


def wall_of(argv: list[str]) -> float:
    """The fastest of several, in seconds: what a person waits for on a quiet machine."""
    taken: list[float] = []
    for _ in range(RUNS + 1):
        before = time.perf_counter()
        subprocess.run(argv, check=True, capture_output=True)
        taken.append(time.perf_counter() - before)
    return min(taken[1:])


def imports() -> list[Measured]:
    bare = cpu_of([sys.executable, "-c", "pass"])
    light = cpu_of([sys.executable, "-c", "from skylift import step, pipeline"])
    models = cpu_of([sys.executable, "-c", "from skylift import step, pipeline, ResourceSettings, Schedule"])
    return [
        Measured("from skylift import step, pipeline", (light - bare) * 1e3, 60, "ms CPU over bare Python"),
        Measured(
            "the same with ResourceSettings, Schedule", (models - bare) * 1e3, 250, "ms CPU over bare Python"
        ),
    ]


SKYLIFT = str(Path(sys.executable).parent / "skylift")


def command_line() -> list[Measured]:
    flavors = [SKYLIFT, "orchestrator", "flavor", "list"]
    return [
        Measured("skylift --help", wall_of([SKYLIFT, "--help"]), 0.25, "s wall"),
        Measured("flavor list, every package installed", wall_of(flavors), 0.35, "s wall"),
    ]


def runs_commands(store: str) -> list[Measured]:
    """Whole processes, on the store that `reading.py` has filled: its newest run has a thousand steps."""
    listed = wall_of([SKYLIFT, "runs", "list", "--store", store])
    filtered = wall_of([SKYLIFT, "runs", "list", "--store", store, "--pipeline", "rare"])
    described = wall_of([SKYLIFT, "runs", "describe", "last", "--store", store])
    return [
        Measured("skylift runs list: newest 20 of 10,000", listed, 0.3, "s wall"),
        Measured("skylift runs list --pipeline: the oldest of 10,000", filtered, 0.3, "s wall"),
        Measured("skylift runs describe: 1000 steps with logs", described, 0.3, "s wall"),
    ]


def in_python(script: str, *arguments: str, store: str) -> dict[str, float]:
    """Run one of the scripts beside this one; it prints `name value` lines."""
    shown = subprocess.run(
        [sys.executable, str(HERE / "scripts" / script), *arguments],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "SKYLIFT_STORE_URI": store},
    )
    rows = (line.split() for line in shown.stdout.splitlines() if line.startswith("figure "))
    return {name: float(value) for _, name, value in rows}


def ledger(folder: Path) -> list[Measured]:
    store = (folder / "store").as_uri()
    chain = in_python("chain.py", "200", store=store)
    compiled = in_python("compile.py", "10000", store=store)
    read = (folder / "read").as_uri()
    reading = in_python("reading.py", store=read)
    mapped = in_python("mapped.py", "1000", store=store)
    return [
        Measured("a no-op step of a local chain, records durable", chain["step"] * 1e3, 3, "ms CPU"),
        Measured("the same step, cached", chain["cached"] * 1e3, 3, "ms CPU"),
        Measured("a mapped inline step of a dynamic run, of 1000", mapped["mapped"] * 1e3, 10, "ms CPU"),
        Measured("status of that run", mapped["status"], 0.3, "s wall"),
        Measured("trace + compile, 10,000 steps", compiled["compile"], 2, "s CPU"),
        Measured("status of a 1000-step run with logs", reading["status"], 0.3, "s wall"),
        Measured("newest 20 of 10,000 runs", reading["newest"], 0.3, "s wall"),
        *runs_commands(read),
    ]


def step_process(folder: Path) -> list[Measured]:
    store = (folder / "process").as_uri()
    started = in_python("process.py", store=store)
    return [
        Measured("interpreter start to the user's function", started["start"], 0.4, "s CPU"),
    ]


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        groups: list[Callable[[], list[Measured]]] = [
            imports,
            command_line,
            lambda: ledger(folder),
            lambda: step_process(folder),
        ]
        sys.exit(are_over([measured for group in groups for measured in group()], "Budgets"))


def are_over(found: list[Measured], title: str) -> bool:
    """Show each beside its bar; whether one is over it."""
    table = Table("what", "measured", "bar", "of the bar", title=title)
    for row in found:
        colour = "green" if row.ratio <= 1 else "red"
        table.add_row(row.what, f"{row.value:.3g} {row.unit}", f"≤ {row.bar:g}", f"[{colour}]{row.ratio:.0%}")
    Console().print(table)
    return any(row.ratio > 1 for row in found)


if __name__ == "__main__":
    main()
