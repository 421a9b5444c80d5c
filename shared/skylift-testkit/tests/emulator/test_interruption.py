from __future__ import annotations

import signal
import subprocess
import sys

import pytest

SERVES = """
import atexit
from threading import Event, Thread
from skylift_testkit.emulator.interruption import interruption

atexit.register(print, "ended")
heard = interruption()
Thread(target=Event().wait, daemon=True).start()  # a further thread, which a signal may meet
print("up", flush=True)
heard.recv(1)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_process_ends_as_it_would_by_itself(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", SERVES], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "up\n"
            process.send_signal(number)
            assert (process.stdout.read(), process.wait(20)) == ("ended\n", 0)
        finally:
            process.kill()  # what failed would otherwise be waited for, and outlive its test
