"""What `skylift run … --emulate` is given in place of Vertex AI."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from skylift_contract.emulation import Emulated
from skylift_vertex.emulator.server import VertexEmulator

if TYPE_CHECKING:
    from collections.abc import Generator

    from skylift_contract.orchestrator import BaseOrchestratorConfig

ROOT: Final = "gs://skylift-emulated/root"
IMAGE: Final = "us-docker.pkg.dev/skylift-emulated/steps:latest"
POLL_S: Final = 0.1
"""Steps here are over within seconds, and to look costs nothing."""

LACKS: Final = (
    "steps run in this machine's Python: images, machines, accounts and networks are not looked at",
)


@contextmanager
def emulated(config: BaseOrchestratorConfig) -> Generator[Emulated]:
    """Vertex AI on loopback."""
    with VertexEmulator() as emulator:
        hides = ("GOOGLE_", "CLOUDSDK_", "CLOUD_ML_")
        yield Emulated(emulator.variables(), hides, _options(emulator.endpoint, config), LACKS)


def _options(endpoint: str, config: BaseOrchestratorConfig) -> dict[str, Any]:
    return {
        "api_endpoint": endpoint,
        "api_transport": "rest",
        "key_file": None,
        "impersonate": None,
        "pipeline_root": ROOT,
        "poll_s": POLL_S,
        "image": getattr(config, "image", None) or IMAGE,
    }
