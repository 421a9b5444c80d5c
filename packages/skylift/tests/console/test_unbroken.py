from __future__ import annotations

import io
from typing import IO, Any, cast

from skylift.console.plain import PlainObserver
from skylift.console.unbroken import Unbroken
from skylift.observer import StepEvent
from skylift_contract.enums import ExecutionStatus


class Gone(io.StringIO):
    def write(self, _: str) -> int:
        raise BrokenPipeError

    def flush(self) -> None:
        raise OSError("the terminal is closed")


def test_a_run_is_shown_to_nobody_without_an_error() -> None:
    observer = PlainObserver(cast("IO[str]", Unbroken(Gone())))
    observer.step(StepEvent("a", ExecutionStatus.RUNNING))
    observer.note("said")


def test_all_else_is_the_streams_own() -> None:
    stream = io.StringIO()
    unbroken: Any = Unbroken(stream)
    assert (unbroken.write("out"), unbroken.isatty()) == (3, False)
    assert stream.getvalue() == "out"
