"""The emulator as a server of its own, until it is interrupted.

python -m skylift_sagemaker.emulator [REGION] [BUCKET …]

Writes the variables that lead a client to it, as lines for a shell.
"""

from __future__ import annotations

import argparse
import re
import sys
from typing import TYPE_CHECKING, Any, Final

from botocore.session import Session  # pyright: ignore[reportMissingTypeStubs]

from skylift_sagemaker.emulator.local import REGION
from skylift_sagemaker.emulator.server import SagemakerEmulator
from skylift_testkit.emulator.interruption import interruption

if TYPE_CHECKING:
    from collections.abc import Sequence

BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def main(words: Sequence[str]) -> None:
    """Serve what a command line asks for; exits with 2 for one that is none."""
    asked = _parser().parse_args(words)
    serve(asked.region, *asked.buckets)


def serve(region: str, *buckets: str) -> None:
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m skylift_sagemaker.emulator",
        description="Serve an emulated SageMaker on this machine until it is interrupted; the variables that "
        "lead a client to it are written as lines for a shell.",
    )
    parser.add_argument(
        "region", metavar="REGION", nargs="?", default=REGION, type=_region, help=f"by default {REGION}"
    )
    parser.add_argument(
        "buckets", metavar="BUCKET", nargs="*", type=_bucket, help="made in that region, to begin with"
    )
    return parser


def _region(text: str) -> str:
    session: Any = Session()
    known = (session.get_available_regions("s3", one) for one in session.get_available_partitions())
    if not any(text in regions for regions in known):
        raise argparse.ArgumentTypeError(f"there is no region {text!r}: name one as AWS does, eu-central-1")
    return text


def _bucket(text: str) -> str:
    if not BUCKET.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no name of a bucket: 3 to 63 lowercase letters, digits, dots and hyphens"
        )
    return text


if __name__ == "__main__":
    main(sys.argv[1:])
