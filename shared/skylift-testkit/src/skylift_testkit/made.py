"""Makes a flavor's orchestrator in a process that a test has started."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Final

from skylift.flavors import load_flavor
from skylift_contract.flavor import make_orchestrator

if TYPE_CHECKING:
    from skylift_contract.orchestrator import BaseOrchestrator

EMULATED_ENV: Final = "SKYLIFT_TESTKIT_EMULATED"
"""Set where the backend is an emulator of this machine: its steps reach a store in a folder."""


def made(flavor: str, options: str) -> BaseOrchestrator:
    """`options`: as JSON."""
    card = load_flavor(flavor)
    if EMULATED_ENV in os.environ:
        card.config_class.is_remote = False  # pyright: ignore[reportAttributeAccessIssue] -- a property elsewhere
    return make_orchestrator(card, card.config_class.parse(json.loads(options)), name="conformance")
