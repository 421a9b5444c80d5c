"""The emulator as a server of its own, until it is interrupted.

python -m skylift_sagemaker.emulator [REGION] [BUCKET …]

Writes the variables that lead a client to it, as lines for a shell.
"""

from __future__ import annotations

import sys

from skylift_sagemaker.emulator.local import REGION
from skylift_sagemaker.emulator.server import SagemakerEmulator
from skylift_testkit.emulator.interruption import interruption


def main(region: str = REGION, *buckets: str) -> None:
    """Serve, with these buckets to begin with."""
    heard = interruption()
    with SagemakerEmulator() as emulator:
        for bucket in buckets:
            emulator.make_bucket(bucket, region)
        for name, value in emulator.variables(region).items():
            sys.stdout.write(f"export {name}={value}\n")
        sys.stdout.write("\n")
        sys.stdout.flush()
        heard.recv(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
