"""The emulator as a server of its own, until it is interrupted.

python -m skylift_vertex.emulator

Writes where it is, as lines for a shell.
"""

from __future__ import annotations

import signal
import socket
import sys

from skylift_vertex.emulator.server import SECRETS_ENV, VertexEmulator


def main() -> None:
    """Serve. The address is for the orchestrator's `api_endpoint`, with `api_transport=rest`."""
    heard = _interruption()
    with VertexEmulator() as emulator:
        sys.stdout.write(f"export SKYLIFT_VERTEX_ENDPOINT={emulator.endpoint}\n")
        sys.stdout.write(f"export {SECRETS_ENV}={emulator.endpoint}\n\n")
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
    main()
