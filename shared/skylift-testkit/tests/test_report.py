"""What the suites found, told as it is: who passes, who refuses, and what that makes of a flavor."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from skylift_contract.capability import FULL, Capability, no
from skylift_testkit.report import FlavorReport, Report, Row, Verdict

if TYPE_CHECKING:
    from pathlib import Path

ABLE = {Capability.STOP: FULL, Capability.LOGS: no("nobody wrote it")}


def flavor(*verdicts: Verdict, needs: tuple[Capability, ...] = ()) -> FlavorReport:
    made = FlavorReport(ABLE)
    for number, verdict in enumerate(verdicts):
        made.note(Row("StopSuite", f"test_{number}", verdict), needs)
    return made


def test_a_flavor_is_supported_where_all_that_is_needed_passes() -> None:
    assert flavor(Verdict.PASSED, Verdict.REFUSED, needs=(Capability.STOP,)).is_supported


def test_refusals_alone_support_nothing() -> None:
    assert not flavor(Verdict.REFUSED).is_supported
    assert not FlavorReport(ABLE).is_supported


def test_one_failure_is_enough() -> None:
    found = flavor(Verdict.PASSED, Verdict.FAILED)
    assert not found.is_supported
    assert found.suites[0].why_not == "1 failed"


def test_what_could_not_be_seen_is_not_supported() -> None:
    found = flavor(Verdict.PASSED, Verdict.UNPROVEN)
    assert not found.is_supported
    assert found.suites[0].why_not == "1 unproven"


def test_a_suite_that_is_optional_may_be_refused_and_must_not_fail() -> None:
    found = flavor(Verdict.PASSED)
    found.note(Row("MoreSuite", "test_more", Verdict.REFUSED), (Capability.LOGS,), is_optional=True)
    assert found.is_supported
    assert [suite.why_not for suite in found.suites] == ["", "logs: nobody wrote it"]
    found.note(Row("MoreSuite", "test_again", Verdict.FAILED), (Capability.LOGS,), is_optional=True)
    assert not found.is_supported


def test_what_is_needed_and_refused_is_named() -> None:
    found = flavor(Verdict.PASSED, needs=(Capability.LOGS,))
    assert not found.is_supported
    assert list(Report({"a": found}).lines()) == [
        "a: not supported",
        "  StopSuite    1 passed    0 refused    0 unproven    0 failed  not supported: logs: nobody wrote it",
    ]


def test_the_document_is_plain_data() -> None:
    document = Report({"a": flavor(Verdict.PASSED)}).document()
    assert json.loads(json.dumps(document)) == document
    assert document["version"] == 1
    assert document["flavors"]["a"]["suites"][0]["passed"] == 1
    assert document["flavors"]["a"]["capabilities"]["logs"] == {
        "level": "missing",
        "reason": "nobody wrote it",
    }


SUITE = """
import pytest
from skylift.local.flavor import LocalOrchestratorFlavor
from skylift_contract.capability import Capability
from skylift_testkit.suite import Suite, about

class MySuite(Suite):
    needs = (Capability.SCHEDULE_CRON,)

    @about(Capability.SCHEDULE_CRON)
    def test_it_fires(self):
        raise AssertionError("never run")

    def test_it_is_there(self, flavor):
        assert flavor.name == "local"

    def test_it_is_wrong(self, flavor):
        assert flavor.name == "other"

    def test_it_is_left_out(self):
        pytest.skip("no time")

    def test_it_looks_behind(self, backend):
        backend.kept()

class TestMine(MySuite):
    @pytest.fixture
    def flavor(self):
        return LocalOrchestratorFlavor()
"""


def test_pytest_shows_it_and_writes_it(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(SUITE)
    argv = [
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--conformance-report",
        "report.json",
        "test_mine.py",
    ]
    ended = subprocess.run([sys.executable, *argv], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 failed, 1 passed, 1 skipped, 1 refused, 1 unproven" in ended.stdout, ended.stdout + ended.stderr
    assert "local: not supported" in ended.stdout
    report = json.loads((tmp_path / "report.json").read_text())
    tests: dict[str, Any] = {one["test"]: one for one in report["flavors"]["local"]["tests"]}
    assert {name: one["verdict"] for name, one in tests.items()} == {
        "test_it_fires": "refused",
        "test_it_is_there": "passed",
        "test_it_is_wrong": "failed",
        "test_it_is_left_out": "failed",
        "test_it_looks_behind": "unproven",
    }
    assert tests["test_it_fires"]["reason"].startswith("schedule_cron: nothing of Skylift's stays running")
    assert tests["test_it_looks_behind"]["reason"] == "the fixture `backend` has no kept"
    assert tests["test_it_fires"]["capabilities"] == ["schedule_cron"]
