"""The kit's look at the backend of `files_plugin`, and what makes that plugin be found."""

from __future__ import annotations

from datetime import UTC
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import files_plugin
from files_plugin import Engine

from skylift_contract.schedule import Schedule
from skylift_testkit import Backend, Fault

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


class FilesBackend(Backend):
    def __init__(self, folder: Path) -> None:
        self.engine = Engine(folder)

    def executions(self) -> Sequence[str]:
        return list(self.engine.executions())

    def kept(self) -> Sequence[str]:
        return [path.name for path in self.engine.folder.glob("pipelines/*.json")] + self.engine.schedules()

    def schedules(self) -> Sequence[str]:
        return self.engine.schedules()

    def turn_clock(self, to: datetime) -> None:
        self.engine.turn_clock(to)

    def next_fires(self, schedule_id: str, n: int, after: datetime) -> Sequence[datetime]:
        found = Schedule.from_snapshot(self.engine.scheduled(schedule_id)["when"])
        return [fire.astimezone(UTC) for fire in islice(found.fires(after), n)]

    def inject(self, fault: Fault) -> None:
        self.engine.tell(fault.value)


def install(folder: Path) -> str:
    """Have the plugin found by whoever has the folder on its path; that path's value."""
    info = folder / "files_plugin-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: files-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[skylift.orchestrators]\nfiles = files_plugin:FilesFlavor\n")
    return f"{folder}:{Path(files_plugin.__file__).parent}"
