"""Conformance suites for orchestrator plugins: subclass `Conformance`, name the flavor, and run pytest.

The suites are imported when they are named: pytest loads this package for its fixtures, too, and a
container the kit's pipelines, without pytest.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from skylift_testkit.backend import Backend, Fault, OwnBackend
    from skylift_testkit.configuration import ConfigSuite
    from skylift_testkit.conformance import Conformance
    from skylift_testkit.control import ControlSuite
    from skylift_testkit.discovery import DiscoverySuite
    from skylift_testkit.documents import CompileSuite
    from skylift_testkit.dynamic import DynamicSuite
    from skylift_testkit.end_to_end import EndToEndSuite
    from skylift_testkit.failing import ExecutionModeSuite
    from skylift_testkit.faults import FaultSuite
    from skylift_testkit.owners import Owner
    from skylift_testkit.refusals import refuse, unproven
    from skylift_testkit.resources import ResourceSuite
    from skylift_testkit.run_ids import RunIdSuite
    from skylift_testkit.runs import RunSuite
    from skylift_testkit.schedules import ScheduleSuite
    from skylift_testkit.submitting import SubmitSuite
    from skylift_testkit.suite import Suite, about

__version__: Final = "0.1.0"
__all__ = [
    "Backend",
    "CompileSuite",
    "ConfigSuite",
    "Conformance",
    "ControlSuite",
    "DiscoverySuite",
    "DynamicSuite",
    "EndToEndSuite",
    "ExecutionModeSuite",
    "Fault",
    "FaultSuite",
    "OwnBackend",
    "Owner",
    "ResourceSuite",
    "RunIdSuite",
    "RunSuite",
    "ScheduleSuite",
    "SubmitSuite",
    "Suite",
    "about",
    "refuse",
    "unproven",
]

_WHERE: Final = {
    "Backend": "backend",
    "CompileSuite": "documents",
    "ConfigSuite": "configuration",
    "Conformance": "conformance",
    "ControlSuite": "control",
    "DiscoverySuite": "discovery",
    "DynamicSuite": "dynamic",
    "EndToEndSuite": "end_to_end",
    "ExecutionModeSuite": "failing",
    "Fault": "backend",
    "FaultSuite": "faults",
    "OwnBackend": "backend",
    "Owner": "owners",
    "ResourceSuite": "resources",
    "RunIdSuite": "run_ids",
    "RunSuite": "runs",
    "ScheduleSuite": "schedules",
    "SubmitSuite": "submitting",
    "Suite": "suite",
    "about": "suite",
    "refuse": "refusals",
    "unproven": "refusals",
}
"""Imported when it is asked for: the pytest plugin is loaded where nobody runs a suite, too."""


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'skylift_testkit' has no attribute {name!r}")
    return getattr(import_module(f"skylift_testkit.{_WHERE[name]}"), name)
