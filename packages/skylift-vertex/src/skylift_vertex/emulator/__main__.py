"""The emulator as a server of its own, until it is interrupted.

python -m skylift_vertex.emulator [BUCKET …]

Writes where it is, as lines for a shell.
"""

from __future__ import annotations

import signal
import socket
import sys

from skylift_vertex.emulator.server import VertexEmulator


def main(*buckets: str) -> None:
    """Serve, with these buckets. `VERTEX_ENDPOINT` is for `--api_endpoint`, with `--api_transport=rest`."""
    heard = _interruption()
    with VertexEmulator() as emulator:
        for bucket in buckets:
            emulator.storage.make_bucket(bucket)
        for name, value in {"VERTEX_ENDPOINT": emulator.endpoint, **emulator.variables()}.items():
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
