"""A plugin is found, and shown, without its SDK."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from skylift_contract.capability import Capability, Level, Support
from skylift_contract.discovery import load_flavor
from skylift_contract.flavor import verify
from skylift_testkit.suite import Suite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift_contract.flavor import BaseOrchestratorFlavor

_LIST = """
import sys
from skylift_contract.discovery import load_flavor
flavor = load_flavor(sys.argv[1])
flavor.config_class, flavor.capabilities, flavor.title
print(*sorted(name for name in sys.argv[2:] if name in sys.modules))
"""


class DiscoverySuite(Suite):
    def test_it_is_found_by_its_name(self, flavor: BaseOrchestratorFlavor) -> None:
        assert type(load_flavor(flavor.name)) is type(flavor)

    def test_showing_it_loads_no_sdk(self, flavor: BaseOrchestratorFlavor, sdk: tuple[str, ...]) -> None:
        shown = subprocess.run(  # noqa: S603 -- argv list, no shell
            [sys.executable, "-c", _LIST, flavor.name, *sdk], capture_output=True, text=True, check=True
        )
        assert shown.stdout.split() == []

    def test_its_implementation_can_start_something(self, flavor: BaseOrchestratorFlavor) -> None:
        verify(flavor)

    def test_every_capability_is_declared(self, capabilities: Mapping[Capability, Support]) -> None:
        assert [one.value for one in Capability if one not in capabilities] == []

    def test_whatever_is_less_than_full_says_why(self, capabilities: Mapping[Capability, Support]) -> None:
        assert [
            one.value
            for one, support in capabilities.items()
            if support.level is not Level.FULL and not support.reason
        ] == []

    def test_what_is_impossible_cites_the_vendor(self, capabilities: Mapping[Capability, Support]) -> None:
        assert [
            one.value
            for one, support in capabilities.items()
            if support.level is Level.IMPOSSIBLE and not support.source
        ] == []
