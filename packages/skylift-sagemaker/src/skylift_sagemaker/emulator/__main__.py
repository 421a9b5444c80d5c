"""The emulator as a server of its own, until it is interrupted.

python -m skylift_sagemaker.emulator [REGION] [BUCKET …]
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any, Final

from botocore.session import Session  # pyright: ignore[reportMissingTypeStubs]

from skylift_sagemaker.emulator.local import REGION
from skylift_sagemaker.emulator.server import SagemakerEmulator
from skylift_testkit.emulator.command_line import bucket, parser, serve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MARKS: Final = "-."
"""Of a bucket's name. Source: docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"""


def main(words: Sequence[str]) -> None:
    """Serve what a command line asks for; exits with 2 for one that is none."""
    asked, emulator = _parser().parse_args(words), SagemakerEmulator()

    def begin() -> Mapping[str, str]:
        for name in asked.buckets:
            emulator.make_bucket(name, asked.region)
        return emulator.variables(asked.region)

    serve(emulator, begin)


def _parser() -> argparse.ArgumentParser:
    found = parser(
        "skylift_sagemaker.emulator",
        "Serve an emulated SageMaker, with EventBridge Scheduler, CloudWatch Logs, Secrets Manager, STS "
        "and S3.",
    )
    found.add_argument(
        "region", metavar="REGION", nargs="?", default=REGION, type=_region, help=f"by default {REGION}"
    )
    found.add_argument(
        "buckets", metavar="BUCKET", nargs="*", type=bucket(MARKS), help="made in that region, to begin with"
    )
    return found


def _region(text: str) -> str:
    session: Any = Session()
    known = (session.get_available_regions("s3", one) for one in session.get_available_partitions())
    if not any(text in regions for regions in known):
        raise argparse.ArgumentTypeError(f"there is no region {text!r}: name one as AWS does, eu-central-1")
    return text


if __name__ == "__main__":
    main(sys.argv[1:])
