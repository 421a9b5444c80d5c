"""The emulator as a server of its own, until it is interrupted.

python -m skylift_vertex.emulator [BUCKET …]

Writes where it is, as lines for a shell; VERTEX_ENDPOINT is what to give the orchestrator as
`api_endpoint`, with `api_transport` rest.
"""

from __future__ import annotations

import sys

from skylift_testkit.emulator.interruption import interruption
from skylift_vertex.emulator.server import VertexEmulator


def main(*buckets: str) -> None:
    """Serve, with these buckets to begin with."""
    heard = interruption()
    with VertexEmulator(buckets=buckets) as emulator:
        for name, value in {"VERTEX_ENDPOINT": emulator.endpoint, **emulator.variables()}.items():
            sys.stdout.write(f"export {name}={value}\n")
        sys.stdout.write("\n")
        sys.stdout.flush()
        heard.recv(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
