"""A step whose supervisor is gone."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from skylift.runtime.interrupts import STOPPED_EXIT

ORPHAN = """
import os, sys, threading
from skylift.runtime import interrupts, orphans, signals
orphans.ORPHAN_GRACE_S = 60 if sys.argv[1] == "obeys" else 0.5
signals.stop_on_signals()
orphans.stop_when_orphaned()
assert "SKYLIFT_SUPERVISED" not in os.environ
ready = b"ready\\n"
while True:
    try:
        text, ready = ready, b""
        os.write(1, text)
        threading.Event().wait()
    except interrupts.StopRequested:
        os.write(1, b"asked to stop\\n")
        if sys.argv[1] == "obeys":
            sys.exit(0)
"""


@pytest.mark.parametrize(("how", "code"), [("obeys", 0), ("ignores", STOPPED_EXIT)])
def test_an_orphan_stops(how: str, code: int) -> None:
    watched, held = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", ORPHAN, how],
        env={**os.environ, "SKYLIFT_SUPERVISED": str(watched)},
        pass_fds=(watched,),
        stdout=subprocess.PIPE,
    ) as orphan:
        os.close(watched)
        assert orphan.stdout
        ready = orphan.stdout.readline()
        os.close(held)
        said = orphan.stdout.read()

    assert (ready, said) == (b"ready\n", b"asked to stop\n")
    assert orphan.returncode == code
