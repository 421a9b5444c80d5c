"""How a step's process behaves, of a snapshot that this process makes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from skylift import __version__
from skylift_contract.snapshot import SnapshotRuntime

if TYPE_CHECKING:
    from skylift.compiler.compile import Target


def runtime_of(target: Target) -> SnapshotRuntime:
    """The snapshot's runtime part for a target, with this process's Python and Skylift."""
    return SnapshotRuntime(
        flavor=target.flavor,
        python=f"{sys.version_info.major}.{sys.version_info.minor}",
        skylift=__version__,
        run_id_sources=target.run_id_sources,
        orchestrator=target.orchestrator,
        retries=target.retries,
    )
