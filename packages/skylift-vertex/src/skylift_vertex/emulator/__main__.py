"""The emulator as a server of its own, until it is interrupted.

python -m skylift_vertex.emulator [BUCKET …]
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from skylift_testkit.emulator.command_line import bucket, parser, serve
from skylift_vertex.emulator.server import VertexEmulator

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

MARKS: Final = "-_."
"""Of a bucket's name. Source: cloud.google.com/storage/docs/buckets#naming"""


def main(words: Sequence[str]) -> None:
    """Serve what a command line asks for; exits with 2 for one that is none."""
    emulator = VertexEmulator(buckets=tuple(_parser().parse_args(words).buckets))
    serve(emulator, lambda: {"VERTEX_ENDPOINT": emulator.endpoint, **emulator.variables()})


def _parser() -> argparse.ArgumentParser:
    found = parser(
        "skylift_vertex.emulator",
        "Serve an emulated Vertex AI, with Cloud Logging, Secret Manager and Cloud Storage. VERTEX_ENDPOINT "
        "is for the orchestrator: skylift orchestrator update NAME --api_endpoint=$VERTEX_ENDPOINT "
        "--api_transport=rest.",
    )
    found.add_argument(
        "buckets",
        metavar="BUCKET",
        nargs="*",
        type=bucket(MARKS),
        help="made in Cloud Storage, to begin with",
    )
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
