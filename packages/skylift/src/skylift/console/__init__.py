"""Showing a run to whoever started it: live on a terminal, plain lines anywhere else.

All of it goes to stderr, but in a notebook to where cells print. rich is loaded for a terminal only.
"""

from __future__ import annotations

import os
import sys
from typing import IO, TYPE_CHECKING, cast

from skylift.authoring.sources import is_notebook
from skylift.console.unbroken import Unbroken
from skylift.observer import SILENT

if TYPE_CHECKING:
    from skylift.observer import Observer


def default_observer() -> Observer:
    """Who shows a run in this process; one that runs beside another is shown in plain lines."""
    if is_notebook():  # where stderr is drawn as an alarm, and what a step prints would come after it all
        from skylift.console.plain import PlainObserver

        return PlainObserver(sys.stdout)
    stream = sys.stderr
    if stream is None:  # pyright: ignore[reportUnnecessaryComparison] -- a process without a console
        return SILENT
    # Lines of a stdout that goes through a pipe to the same terminal would cut the display up.
    is_screen = stream.isatty() and (sys.stdout is None or sys.stdout.isatty())  # pyright: ignore[reportUnnecessaryComparison]
    if is_screen and os.environ.get("TERM") != "dumb":
        from skylift.console.live import LiveObserver
        from skylift.console.screen import Screen

        if Screen.current is None:
            return LiveObserver(cast("IO[str]", Unbroken(stream)))
    return plain_observer()


def plain_observer() -> Observer:
    """Who shows a run in plain lines, on a terminal too."""
    if sys.stderr is None:  # pyright: ignore[reportUnnecessaryComparison]
        return SILENT
    from skylift.console.plain import PlainObserver

    return PlainObserver(cast("IO[str]", Unbroken(sys.stderr)))
