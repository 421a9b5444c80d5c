"""A process whose supervisor is gone ends, too."""

from __future__ import annotations

import os
import signal
import threading
from typing import Final

from skylift.runtime.interrupts import STOPPED_EXIT
from skylift_contract.environment import SUPERVISED_ENV

ORPHAN_GRACE_S: Final = 20.0
"""How long a step may take to end once nobody supervises it; then its process ends by force."""


def stop_when_orphaned() -> None:
    """Where whoever started this process holds the other end of a pipe: stop when that one is gone."""
    text = os.environ.pop(SUPERVISED_ENV, None)
    if text is None:
        return
    pipe = int(text)
    os.set_inheritable(pipe, False)  # noqa: FBT003 -- it takes no keyword

    def watch() -> None:
        os.read(pipe, 1)  # nothing is ever written: this returns at the pipe's end
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(ORPHAN_GRACE_S)
        os._exit(STOPPED_EXIT)  # its code does not let itself be interrupted

    threading.Thread(target=watch, name="skylift-orphaned", daemon=True).start()
