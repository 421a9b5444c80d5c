"""Every suite at once: what a plugin subclasses."""

from __future__ import annotations

from skylift_testkit.configuration import ConfigSuite
from skylift_testkit.control import ControlSuite
from skylift_testkit.discovery import DiscoverySuite
from skylift_testkit.dynamic import DynamicSuite
from skylift_testkit.run_ids import RunIdSuite
from skylift_testkit.runs import RunSuite


class Conformance(DiscoverySuite, ConfigSuite, RunIdSuite, RunSuite, ControlSuite, DynamicSuite):
    """Subclass it in one file of the plugin's tests, and override the fixture `flavor`."""
