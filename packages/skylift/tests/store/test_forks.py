from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FORKING = """
import os, sys, warnings
warnings.simplefilter("ignore")  # later Pythons warn of the fork itself
from skylift.store.location import open_store

def in_child():
    sys.stdout.flush()
    if (child := os.fork()) == 0:
        try:
            store.create("child", b"")
            print("created")
        except Exception as error:
            print(f"{type(error).__name__}: {error}")
        sys.stdout.flush()
        os._exit(0)
    os.waitpid(child, 0)

store = open_store(sys.argv[1])
in_child()
store.create("parent", b"")
in_child()
print(store.list(""))
"""

FORKED = (
    "a process that was forked from one that used a store cannot use one. "
    "Start it with multiprocessing's spawn or forkserver, or with subprocess."
)


def test_a_forked_child_is_told_rather_than_left_waiting(tmp_path: Path) -> None:
    uri = f"file://{tmp_path}/store"
    done = subprocess.run(
        [sys.executable, "-c", FORKING, uri], check=True, capture_output=True, text=True, timeout=30
    )
    assert done.stdout.splitlines() == [
        "created",
        f"StoreUnavailable: store {uri}: {FORKED}",
        "['child', 'parent']",
    ]
