"""What a step asks of its machine is honoured or refused, and never ignored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from skylift_contract.capability import Capability
from skylift_contract.errors import SkyliftError, UnsupportedCapability
from skylift_contract.orchestrator import overrides
from skylift_testkit import shapes
from skylift_testkit.compiling import Compiling, compiling
from skylift_testkit.documents import check_has_documents
from skylift_testkit.refusals import refuse
from skylift_testkit.running import RunningSuite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift_contract.capability import Support
    from skylift_contract.orchestrator import BaseOrchestrator

Amount = dict[str, Any]
Asked = tuple[Amount, Amount]

ASKED: Final[Mapping[Capability, Asked]] = {
    Capability.CPU: ({"cpu_count": 1}, {"cpu_count": 4}),
    Capability.MEMORY: ({"memory": "2GB"}, {"memory": "16GB"}),
    Capability.GPU: ({"gpu_count": 1}, {"gpu_count": 4}),
    Capability.GPU_TYPE: (
        {"gpu_count": 1, "gpu_type": "T4"},
        {"gpu_count": 1, "gpu_type": "A100"},
    ),
}
"""Little and more; neither may be treated as the other, nor as nothing."""

BEYOND: Final = {
    Capability.CPU: ({"cpu_count": 10**6}, "CPU|cpu|core"),
    Capability.MEMORY: ({"memory": "1000000TB"}, "memory"),
    Capability.GPU: ({"gpu_count": 10**6}, "GPU|gpu"),
}
"""More than any machine has, and how an error names it."""


class ResourceSuite(RunningSuite):
    needs = (Capability.CPU, Capability.MEMORY)
    is_optional = True

    @pytest.fixture
    def resources(self) -> Mapping[Capability, Asked]:
        """Little and more of each kind; override it with what the platform has."""
        return ASKED

    @pytest.mark.parametrize("capability", ASKED)
    def test_it_is_in_the_document_or_refused(
        self,
        capability: Capability,
        orchestrator: BaseOrchestrator,
        capabilities: Mapping[Capability, Support],
        resources: Mapping[Capability, Asked],
    ) -> None:
        """Nothing asked for, little and more are three documents, but for their steps' own words."""
        little, more = resources[capability]
        if not capabilities[capability]:
            with pytest.raises(UnsupportedCapability, match=f"uses {capability.value}: "):
                _asking(orchestrator, little)
        elif overrides(type(orchestrator), "compile_pipeline"):
            found = [_asking(orchestrator, amount).masked() for amount in (None, little, more)]
            assert found[0] != found[1] != found[2] != found[0]
        else:
            _refuses(orchestrator, capability)

    @pytest.mark.parametrize("capability", [Capability.CPU, Capability.MEMORY])
    def test_a_step_asks_for_itself_alone(
        self,
        capability: Capability,
        orchestrator: BaseOrchestrator,
        capabilities: Mapping[Capability, Support],
        resources: Mapping[Capability, Asked],
    ) -> None:
        """What stands beside a step that asks is another's to say."""
        check_has_documents(orchestrator)
        if not capabilities[capability]:
            refuse(f"{capability.value}: {capabilities[capability].describe()}")
        own, other = resources[capability]
        pairs = ((own, other), (other, own), (own, own), (own, None))
        found = [tuple(_asking(orchestrator, *pair).masked().items()) for pair in pairs]
        assert len(set(found)) == len(pairs)


def _asking(orchestrator: BaseOrchestrator, *amounts: Amount | None) -> Compiling:
    return compiling(orchestrator, shapes.asking, {"amounts": list(amounts)})


def _refuses(orchestrator: BaseOrchestrator, capability: Capability) -> None:
    """Of a flavor without documents: it looks at the machine, and says what that lacks."""
    if capability in BEYOND:
        beyond, named = BEYOND[capability]
        with pytest.raises(SkyliftError, match=named):
            _asking(orchestrator, beyond)
