"""The pytest plugin: what each suite found is shown at the end, and written where that is asked.

    pytest --conformance-report report.json

It is loaded with every pytest of an environment that the kit is installed in, so it imports
the kit only where one of its suites is collected.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    from skylift_testkit.report import Report, Verdict

MARK: Final = "conformance"
_OTHERWISE: Final = {"Refused": "refused", "Unproven": "unproven"}
"""By their names: the kit's own classes are not imported where nobody runs a suite."""

_REPORT: Final[pytest.StashKey[Report]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("skylift conformance")
    group.addoption("--conformance-report", metavar="PATH", help="write what the suites found, as JSON")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"{MARK}(*capabilities): what a test of the conformance kit is about")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    made = yield
    suite = _suite_of(item)
    if suite is not None:
        if call.excinfo is not None and (said := _OTHERWISE.get(type(call.excinfo.value).__name__)):
            made.user_properties.append((f"{MARK} {said}", str(call.excinfo.value)))
        if made.when == "call" or made.outcome != "passed":
            _note(item, suite, made)
    return made


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """A refusal, or what could not be seen, is counted as that, and not among what was skipped."""
    if report.outcome == "skipped" and (said := _otherwise(report)) is not None:
        return said[0], said[0][0], said[0].upper()
    return None


def _otherwise(report: pytest.TestReport) -> tuple[str, str] | None:
    """`refused` or `unproven`, and why."""
    for name, why in report.user_properties:
        if name.startswith(f"{MARK} "):
            return name.removeprefix(f"{MARK} "), str(why)
    return None


def _suite_of(item: pytest.Item) -> Any:
    """The suite that a test is of: the kit's own class that defines it, or a plugin's that adds it."""
    if not isinstance(item, pytest.Function) or item.cls is None or not _is_suite(item.cls):
        return None
    return next(base for base in item.cls.__mro__ if item.originalname in vars(base))


def _is_suite(found: type[Any]) -> bool:
    return ("skylift_testkit.suite", "Suite") in {(base.__module__, base.__name__) for base in found.__mro__}


def _note(item: pytest.Item, suite: Any, made: pytest.TestReport) -> None:
    from skylift_testkit.report import FlavorReport, Report, Row
    from skylift_testkit.suite import SUBJECT

    if SUBJECT not in item.stash:
        return  # its fixtures failed: pytest says so, and nothing is known of the flavor
    flavor, capabilities = item.stash[SUBJECT]
    report = item.config.stash.setdefault(_REPORT, Report())
    found = report.flavors.setdefault(flavor, FlavorReport(capabilities))
    about = tuple(one.value for mark in item.iter_markers(MARK) for one in mark.args)
    row = Row(suite.__name__, item.name, _verdict(made), about, _reason(made))
    found.note(row, tuple(getattr(suite, "needs", ())), is_optional=getattr(suite, "is_optional", False))


def _verdict(made: pytest.TestReport) -> Verdict:
    """A test that somebody skipped or expects to fail proves nothing: it counts as failed."""
    from skylift_testkit.report import Verdict

    if (said := _otherwise(made)) is not None:
        return Verdict(said[0])
    return Verdict.PASSED if made.outcome == "passed" else Verdict.FAILED


def _reason(made: pytest.TestReport) -> str:
    """A refusal's own words, or a failure's first line."""
    if (said := _otherwise(made)) is not None:
        return said[1]
    crash = getattr(made.longrepr, "reprcrash", None)
    return "" if crash is None else str(crash.message).partition("\n")[0]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    report = config.stash.get(_REPORT, None)
    if report is None:
        return
    terminalreporter.section("conformance")
    for line in report.lines():
        terminalreporter.write_line(line)
    if path := config.getoption("--conformance-report"):
        Path(path).write_text(json.dumps(report.document(), indent=2) + "\n")
