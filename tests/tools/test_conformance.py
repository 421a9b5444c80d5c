from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from conformance import KEPT, keep, read, support_table
from skylift.flavors import load_flavor
from workspace import packages

if TYPE_CHECKING:
    from pathlib import Path

FLAVORS = [name for package in packages().values() for name in package.flavors]

SUITE: dict[str, Any] = {
    "name": "StopSuite",
    "supported": True,
    "why_not": "",
    "passed": 3,
    "optional": False,
}
REPORT: dict[str, Any] = {
    "version": 1,
    "flavors": {"one": {"supported": True, "capabilities": {}, "suites": [SUITE], "tests": [{"test": "x"}]}},
}


def test_what_changes_with_every_test_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(json.dumps(REPORT))
    keep(tmp_path / "report.json", tmp_path / "kept.json")
    (one,) = read(tmp_path / "kept.json")["flavors"].values()
    assert one == {
        "supported": True,
        "capabilities": {},
        "suites": [{"name": "StopSuite", "supported": True, "why_not": ""}],
    }


def test_the_table_says_what_was_seen_what_was_not_and_why() -> None:
    lacking = {"supported": False, "suites": [{**SUITE, "supported": False, "why_not": "stop: not built"}]}
    found = {"flavors": {**REPORT["flavors"], "two": lacking}}
    assert list(support_table(found, ["one", "two", "three"])) == [
        "| suite | one | two | three |",
        "|---|---|---|---|",
        "| StopSuite | yes | no | not run |",
        "",
        "- two, StopSuite: stop: not built",
    ]


@pytest.mark.parametrize("flavor", FLAVORS)
def test_what_is_kept_is_what_the_flavor_declares_today(flavor: str) -> None:
    """`nox -s conformance` makes it anew."""
    declared = {one.value: support for one, support in (load_flavor(flavor).capabilities or {}).items()}
    kept = read()["flavors"][flavor]["capabilities"]
    assert kept == {
        name: {"level": support.level.value, "reason": support.describe()}
        for name, support in declared.items()
    }


def test_no_flavor_failed_when_it_was_kept() -> None:
    failed = [
        (name, suite["name"])
        for name, one in read()["flavors"].items()
        for suite in one["suites"]
        if "failed" in suite["why_not"]
    ]
    assert KEPT.exists()
    assert failed == []
