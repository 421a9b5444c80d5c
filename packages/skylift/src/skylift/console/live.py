"""A run on a terminal: a table that changes while it runs, and a summary that stays."""

from __future__ import annotations

import time
from typing import IO, TYPE_CHECKING, Final

from rich.console import Group
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from skylift.console.plain import deployed_line, opening_line
from skylift.console.progress import Progress
from skylift.console.screen import Screen, terminal
from skylift.console.summary import Summary
from skylift.console.words import COLORS, counted, one_line, seconds, status_word
from skylift_contract.enums import ExecutionStatus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.console import RenderableType

    from skylift.console.progress import Row
    from skylift.models import PipelineRun
    from skylift.observer import StepEvent
    from skylift_contract.snapshot import PipelineSnapshot
    from skylift_contract.status import RunStatus

MOST_ROWS: Final = 30
"""Even on a tall screen: a display that is longer than a look is not read."""

LINES_AROUND: Final = 6
"""Header, counts, an empty line, and room for what is printed above."""

_MARKS: Final = {
    ExecutionStatus.COMPLETED: "✓",
    ExecutionStatus.CACHED: "✓",
    ExecutionStatus.FAILED: "✗",
    ExecutionStatus.STOPPED: "■",
    ExecutionStatus.SKIPPED: "→",
    ExecutionStatus.NOT_STARTED: "→",
}
_ASCII: Final = str.maketrans("✓✗■→…", "+x#>.")


class LiveObserver:
    """Shows one run on a terminal."""

    def __init__(self, stream: IO[str]) -> None:
        self.console = terminal(stream)
        self.screen = Screen(self.console, self._draw)
        self.progress = Progress()
        self._title = ""
        self._store = ""
        self._run = ""
        self._began = time.monotonic()
        self._spinner = Spinner("dots" if self._has_unicode else "line", style="cyan")

    @property
    def _has_unicode(self) -> bool:
        return self.console.encoding.startswith("utf")

    def submitting(self, snapshot: PipelineSnapshot, flavor: str, store: str) -> None:
        self.progress = Progress.of(snapshot)
        self._title, self._store = opening_line(snapshot.name, flavor), store
        self._began = time.monotonic()

    def note(self, text: str) -> None:
        self._print(Text(f"note: {text}", style="yellow"))

    def started(self, run_id: str, so_far: float = 0.0) -> None:
        self._run = run_id
        self._began -= so_far
        self.screen.start()

    def step(self, event: StepEvent) -> None:
        self.progress.note(event, time.monotonic())
        if Screen.current is self.screen:
            self.screen.resume()

    def ended(self, run: PipelineRun, status: RunStatus) -> None:
        self.closed()
        summary = Summary(run, status, self.progress)
        self._print(Text())
        if summary.rows:
            self._print(self._summary_table(summary))
            self._print_left_out(summary)
        for line, color in summary.lines():
            self._print(Text(line, style=color))

    def _print_left_out(self, summary: Summary) -> None:
        if left := summary.left_out:
            self._print(Text(f"… and {sum(left.values())} more steps: {counted(left)}", style="dim"))

    def deployed(self, name: str, fires: Sequence[datetime]) -> None:
        self._print(Text(deployed_line(name, fires)))

    def closed(self) -> None:
        if Screen.current is self.screen:
            self.screen.stop()

    def _print(self, shown: RenderableType) -> None:
        self.console.print(shown, soft_wrap=isinstance(shown, Text))

    def _draw(self) -> RenderableType:
        now = time.monotonic()
        room = min(MOST_ROWS, max(1, self.console.height - LINES_AROUND))
        table = Table.grid(padding=(0, 2, 0, 0), expand=True)
        table.add_column(width=1)
        table.add_column(ratio=3, no_wrap=True, overflow="ellipsis", min_width=8)
        table.add_column(no_wrap=True, min_width=9)  # the words that steps go through: nothing jumps
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, justify="right", min_width=7)
        table.add_column(ratio=4, no_wrap=True, overflow="ellipsis")
        for row in self.progress.shown(room):
            table.add_row(*self._cells(row, now))
        return Group(*self._header(), table, self._counts(now))

    def _header(self) -> list[Text]:
        lines = (self._title, f"run {self._run}, store {self._store}")
        return [
            Text(line, style=style, no_wrap=True, overflow="ellipsis")
            for line, style in zip(lines, ("bold", "dim"), strict=True)
        ]

    def _cells(self, row: Row, now: float) -> list[RenderableType]:
        color = COLORS.get(row.status, "dim")
        attempt = f"attempt {row.attempt}" if row.attempt > 1 else ""
        return [
            self._spinner if row.status is ExecutionStatus.RUNNING else self._mark(row.status, color),
            Text(row.name),
            Text(status_word(row.status), style=color),
            Text(attempt, style="yellow"),
            Text(self._elapsed(row, now)),
            Text(one_line(row.reason), style="dim"),
        ]

    def _elapsed(self, row: Row, now: float) -> str:
        """Tenths of a second for what still runs: finer digits would only flicker."""
        elapsed = row.elapsed(now)
        if elapsed is None or row.status.is_finished:
            return seconds(elapsed)
        return f"{elapsed:.1f} s" if elapsed < 1 else seconds(elapsed)

    def _mark(self, status: ExecutionStatus, color: str) -> Text:
        mark = _MARKS.get(status, " ")
        return Text(mark if self._has_unicode else mark.translate(_ASCII), style=color)

    def _counts(self, now: float) -> Text:
        progress = self.progress
        found = counted({status: number for status, number in progress.counts.items() if number})
        line = f"{progress.done} of {len(progress.rows)} done in {seconds(now - self._began)}: {found}"
        return Text(line, style="dim", no_wrap=True, overflow="ellipsis")

    def _summary_table(self, summary: Summary) -> Table:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
        table.add_column("STEP", overflow="fold", ratio=3)
        # rich takes room from every column alike; these are short, and must stay whole.
        for name, longest in (("STATUS", 11), ("ATTEMPTS", 8), ("TOOK", 7)):
            justify = "left" if name == "STATUS" else "right"
            table.add_column(name, no_wrap=True, justify=justify, min_width=longest)
        table.add_column("OUTPUTS", overflow="ellipsis", no_wrap=True, ratio=3)
        for row in summary.rows:
            status = Text(status_word(row.status), style=COLORS.get(row.status, ""))
            attempts = str(row.attempt or "")
            table.add_row(
                Text(row.name), status, attempts, seconds(row.seconds), Text(summary.outputs_of(row.name))
            )
        return table
