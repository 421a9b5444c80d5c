"""Conformance suites for orchestrator plugins: subclass `Conformance`, name the flavor, and run pytest.

The suites are imported when they are named: pytest loads this package for its fixtures, too, and a
container the kit's pipelines, without pytest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from skylift_testkit.configuration import ConfigSuite
    from skylift_testkit.conformance import Conformance
    from skylift_testkit.discovery import DiscoverySuite
    from skylift_testkit.run_ids import RunIdSuite
    from skylift_testkit.runs import RunSuite

__version__: Final = "0.1.0"
__all__ = ["ConfigSuite", "Conformance", "DiscoverySuite", "RunIdSuite", "RunSuite"]

_MODULES: Final = {
    "ConfigSuite": "configuration",
    "Conformance": "conformance",
    "DiscoverySuite": "discovery",
    "RunIdSuite": "run_ids",
    "RunSuite": "runs",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
