"""Conformance suites for orchestrator plugins: subclass `Conformance`, name the flavor, and run pytest."""

from __future__ import annotations

from typing import Final

from skylift_testkit.configuration import ConfigSuite
from skylift_testkit.conformance import Conformance
from skylift_testkit.discovery import DiscoverySuite
from skylift_testkit.run_ids import RunIdSuite
from skylift_testkit.runs import RunSuite

__version__: Final = "0.1.0"
__all__ = ["ConfigSuite", "Conformance", "DiscoverySuite", "RunIdSuite", "RunSuite"]
