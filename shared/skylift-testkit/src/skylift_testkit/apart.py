"""Starts one of the kit's pipelines from a process of its own, for tests that look at it from outside.

python -m skylift_testkit.apart FLAVOR OPTIONS PIPELINE [hasty]
"""

from __future__ import annotations

import sys
import time
from itertools import count
from typing import Final

from skylift_contract.errors import RunFailed, RunStopped
from skylift_testkit import dynamic_pipelines, pipelines, shapes, training
from skylift_testkit.made import made

HASTY: Final = "hasty"
HOUR_S: Final = 3600


def main(flavor: str, options: str, name: str, *how: str) -> int:
    """Run it and wait; 1 where it failed, 3 where it was stopped."""
    orchestrator = made(flavor, options)
    module = next(one for one in (pipelines, shapes, training, dynamic_pipelines) if hasattr(one, name))
    if HASTY in how:
        hasten()
    try:
        getattr(module, name).with_options(orchestrator=orchestrator, enable_cache=False)()
    except RunFailed:
        return 1
    except RunStopped:
        return 3
    return 0


def hasten() -> None:
    """From now on an hour passes between any two looks at a clock, for whoever counts how long it waits."""
    looks, began = count(), {"time": time.time(), "monotonic": time.monotonic()}
    time.time = lambda: began["time"] + next(looks) * HOUR_S
    time.monotonic = lambda: began["monotonic"] + next(looks) * HOUR_S


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
