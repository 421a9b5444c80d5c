"""Calling what a step names as `on_failure` and `on_success`."""

from __future__ import annotations

from typing import Any

from skylift.authoring.sources import load
from skylift.runtime.failures import print_traceback
from skylift.runtime.interrupts import StopRequested, interruptible, keep_for_later


def call_hook(source: str | None, *arguments: Any) -> None:
    """Call a hook with as many arguments as it takes.

    It must not change what the step came to: its own failure is only printed, and a stop
    that reaches it is kept for what comes next.
    """
    if source is None:
        return
    import inspect

    try:
        with interruptible():
            hook = load(source)
            wanted = len(inspect.signature(hook).parameters)
            hook(*arguments[:wanted])
    except (KeyboardInterrupt, StopRequested) as error:
        keep_for_later(error)
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- whatever it raises
        print_traceback(error)
