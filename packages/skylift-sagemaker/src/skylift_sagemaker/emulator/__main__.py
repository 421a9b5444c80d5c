"""The emulator as a server of its own, until it is interrupted.

python -m skylift_sagemaker.emulator [REGION] [BUCKET …]

Writes the variables that lead a client to it, as lines for a shell.
"""

from __future__ import annotations

import signal
import socket
import sys

from skylift_sagemaker.emulator.local import REGION
from skylift_sagemaker.emulator.server import SagemakerEmulator


def main(region: str = REGION, *buckets: str) -> None:
    """Serve, with these buckets to begin with."""
    heard = _interruption()
    with SagemakerEmulator() as emulator:
        for bucket in buckets:
            emulator.make_bucket(bucket, region)
        for name, value in emulator.variables(region).items():
            sys.stdout.write(f"export {name}={value}\n")
        sys.stdout.write("\n")
        sys.stdout.flush()
        heard.recv(1)


def _interruption() -> socket.socket:
    """What can be read from once the process is to end; ended either way, its jobs end with it.

    A signal may meet any thread, and then wakes no `signal.pause` of the main one.
    """
    heard, told = socket.socketpair()
    told.settimeout(0)
    signal.set_wakeup_fd(told.detach())
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _heard)
    return heard


def _heard(_number: int, _frame: object) -> None:
    """Nothing more: the signal's number is where `_interruption` has it written."""


if __name__ == "__main__":
    main(*sys.argv[1:])
