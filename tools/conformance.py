"""What the conformance kit found on this workspace's flavors: kept in the docs, shown as a table."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workspace import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

KEPT: Final = ROOT / "docs" / "reference" / "conformance.json"
UNSEEN: Final = "not run"


def keep(report: Path, kept: Path = KEPT) -> None:
    """Write what a report says of flavors and suites; single tests change too often."""
    found = json.loads(report.read_bytes())
    parts = ("supported", "capabilities", "suites")
    flavors = {name: {part: one[part] for part in parts} for name, one in found["flavors"].items()}
    for one in flavors.values():
        one["suites"] = [
            {part: suite[part] for part in ("name", "supported", "why_not")}
            for suite in sorted(one["suites"], key=lambda suite: suite["name"])
        ]
    kept.parent.mkdir(exist_ok=True)
    kept.write_text(json.dumps({"version": found["version"], "flavors": flavors}, indent=1) + "\n")


def read(kept: Path = KEPT) -> dict[str, Any]:
    return json.loads(kept.read_bytes())


def support_table(found: dict[str, Any], flavors: Sequence[str]) -> Iterator[str]:
    """A row for each suite, and below it why a flavor does not pass one; `flavors`: the columns."""
    suites = {
        name: {suite["name"]: suite for suite in found["flavors"].get(name, {"suites": []})["suites"]}
        for name in flavors
    }
    yield f"| suite | {' | '.join(flavors)} |"
    yield f"|---|{'---|' * len(flavors)}"
    for suite in sorted({name for of_flavor in suites.values() for name in of_flavor}):
        yield f"| {suite} | {' | '.join(_cell(suites[name].get(suite)) for name in flavors)} |"
    yield ""
    for name, of_flavor in suites.items():
        for suite in of_flavor.values():
            if suite["why_not"]:
                yield f"- {name}, {suite['name']}: {suite['why_not']}"


def _cell(suite: dict[str, Any] | None) -> str:
    if suite is None:
        return UNSEEN
    return "yes" if suite["supported"] else "no"


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
