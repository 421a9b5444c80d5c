"""What the suites found, by flavor: as data, for a table and for a file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skylift_contract.capability import Capability, Support

VERSION: Final = 1
"""Of the file's shape; a field may be added within a version, none changes its meaning or goes."""


class Verdict(StrEnum):
    """REFUSED: the flavor declares that it does not do what the test is about, and says why.

    UNPROVEN: it declares that it does, and the test was not given what it needs to see that.
    """

    PASSED = "passed"
    REFUSED = "refused"
    UNPROVEN = "unproven"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Row:
    """One test on one flavor; `capabilities`: what it is about."""

    suite: str
    test: str
    verdict: Verdict
    capabilities: tuple[str, ...] = ()
    reason: str = ""


@dataclass(slots=True)
class SuiteReport:
    """`missing`: capability that the suite needs and the flavor has not → why."""

    name: str
    missing: Mapping[str, str]
    is_optional: bool = False
    counts: Counter[Verdict] = field(default_factory=Counter[Verdict])

    @property
    def is_supported(self) -> bool:
        """Whether the flavor may say that it does this: it has all that is needed, and all of it is seen."""
        return not self.why_not

    @property
    def why_not(self) -> str:
        """Empty for a suite that is supported."""
        for verdict in (Verdict.FAILED, Verdict.UNPROVEN):
            if self.counts[verdict]:
                return f"{self.counts[verdict]} {verdict.value}"
        if self.missing:
            return "; ".join(f"{name}: {why}" for name, why in self.missing.items())
        return "" if self.counts[Verdict.PASSED] else "all of it is refused"


@dataclass(slots=True)
class FlavorReport:
    """What is known of one flavor; the suites in the order in which they ran."""

    capabilities: Mapping[Capability, Support]
    rows: list[Row] = field(default_factory=list[Row])
    needs: dict[str, tuple[Capability, ...]] = field(default_factory=dict[str, "tuple[Capability, ...]"])
    optional: set[str] = field(default_factory=set[str])

    def note(self, row: Row, needs: tuple[Capability, ...], *, is_optional: bool = False) -> None:
        self.rows.append(row)
        self.needs[row.suite] = needs
        if is_optional:
            self.optional.add(row.suite)

    @property
    def suites(self) -> list[SuiteReport]:
        found = {
            name: SuiteReport(name, self._missing(needs), name in self.optional)
            for name, needs in self.needs.items()
        }
        for row in self.rows:
            found[row.suite].counts[row.verdict] += 1
        return list(found.values())

    def _missing(self, needs: tuple[Capability, ...]) -> dict[str, str]:
        return {one.value: self.capabilities[one].describe() for one in needs if not self.capabilities[one]}

    @property
    def is_supported(self) -> bool:
        """Whether every suite that is not optional is supported, and nothing at all failed."""
        suites = self.suites
        sound = not any(suite.counts[Verdict.FAILED] for suite in suites)
        return bool(suites) and sound and all(one.is_supported or one.is_optional for one in suites)


@dataclass(slots=True)
class Report:
    """All flavors that the tests of one run were about."""

    flavors: dict[str, FlavorReport] = field(default_factory=dict[str, FlavorReport])

    def lines(self) -> Iterator[str]:
        """A table: a row for each suite of each flavor."""
        width = max((len(suite.name) for found in self.flavors.values() for suite in found.suites), default=0)
        for flavor, found in self.flavors.items():
            yield f"{flavor}: {'supported' if found.is_supported else 'not supported'}"
            for suite in found.suites:
                counts = "  ".join(f"{suite.counts[one]:>3} {one.value}" for one in Verdict)
                said = "supported" if suite.is_supported else f"not supported: {suite.why_not}"
                yield f"  {suite.name:<{width}}  {counts}  {said}"

    def document(self) -> dict[str, Any]:
        """`{"version", "flavors": {name: {"supported", "capabilities", "suites", "tests"}}}`, plain data."""
        return {
            "version": VERSION,
            "flavors": {name: _flavor(found) for name, found in sorted(self.flavors.items())},
        }


def _flavor(found: FlavorReport) -> dict[str, Any]:
    return {
        "supported": found.is_supported,
        "capabilities": {
            one.value: {"level": support.level.value, "reason": support.describe()}
            for one, support in found.capabilities.items()
        },
        "suites": [
            {
                "name": suite.name,
                "supported": suite.is_supported,
                "optional": suite.is_optional,
                "why_not": suite.why_not,
                **{one.value: suite.counts[one] for one in Verdict},
            }
            for suite in found.suites
        ],
        "tests": [
            {
                "suite": row.suite,
                "test": row.test,
                "verdict": row.verdict.value,
                "capabilities": list(row.capabilities),
                "reason": row.reason,
            }
            for row in found.rows
        ],
    }
