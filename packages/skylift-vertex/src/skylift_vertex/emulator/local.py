"""What `skylift run … --emulate` is given in place of Google's cloud."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from skylift_contract.emulation import Emulated
from skylift_vertex.emulator.server import VertexEmulator

if TYPE_CHECKING:
    from collections.abc import Generator

    from skylift_contract.orchestrator import BaseOrchestratorConfig

BUCKET: Final = "skylift-emulated"

POLL_S: Final = 0.1
"""Steps here are over within seconds, and to look costs nothing."""

LACKS: Final = (
    "steps run in this machine's Python: images, machines, service accounts and networks are not looked at",
    "a task that failed is tried again at once: the pauses of its retries are not kept",
)
HIDES: Final = (
    *("GOOGLE_", "CLOUDSDK_", "CLOUD_ML_", "STORAGE_EMULATOR_HOST", "SECRET_MANAGER_EMULATOR_HOST"),
)


@contextmanager
def emulated(config: BaseOrchestratorConfig) -> Generator[Emulated]:
    """Google's cloud on loopback, with a bucket of its own."""
    with VertexEmulator(buckets=(BUCKET,)) as emulator:
        yield Emulated(emulator.variables(), HIDES, _options(emulator, config), LACKS)


def _options(emulator: VertexEmulator, config: BaseOrchestratorConfig) -> dict[str, Any]:
    return {
        "api_endpoint": emulator.endpoint,
        "api_transport": "rest",
        "key_file": None,
        "impersonate": None,
        "pipeline_root": f"gs://{BUCKET}",
        "poll_s": POLL_S,
        "image": getattr(config, "image", None) or f"us-docker.pkg.dev/{BUCKET}/steps:latest",
    }
