"""Every suite at once: what a plugin subclasses."""

from __future__ import annotations

from skylift_testkit.configuration import ConfigSuite
from skylift_testkit.control import ControlSuite
from skylift_testkit.discovery import DiscoverySuite
from skylift_testkit.documents import CompileSuite
from skylift_testkit.dynamic import DynamicSuite
from skylift_testkit.end_to_end import EndToEndSuite
from skylift_testkit.failing import ExecutionModeSuite
from skylift_testkit.faults import FaultSuite
from skylift_testkit.resources import ResourceSuite
from skylift_testkit.run_ids import RunIdSuite
from skylift_testkit.runs import RunSuite
from skylift_testkit.schedules import ScheduleSuite
from skylift_testkit.submitting import SubmitSuite


class Conformance(
    DiscoverySuite,
    ConfigSuite,
    CompileSuite,
    RunIdSuite,
    RunSuite,
    SubmitSuite,
    ControlSuite,
    ExecutionModeSuite,
    ResourceSuite,
    ScheduleSuite,
    DynamicSuite,
    EndToEndSuite,
    FaultSuite,
):
    """Subclass it in one file of the plugin's tests, and override the fixture `flavor`."""
