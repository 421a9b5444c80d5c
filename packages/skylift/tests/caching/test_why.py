"""Why a step ran: what its own record says, and else an earlier run's."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from skylift import pipeline, step
from skylift.caching.why import EARLIER, why_not_cached

if TYPE_CHECKING:
    from skylift.models import PipelineRun


@step
def make(size: int) -> int:
    return size


@step
def grow(size: int, by: int) -> int:
    return size + by


@pipeline
def both(size: int = 1, by: int = 1) -> None:
    grow(make(size), by)


@pipeline
def another() -> None:
    grow(make(1), 1)


@pytest.fixture(autouse=True)
def store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYLIFT_STORE_URI", f"memory://{uuid4().hex}")


def why(run: PipelineRun) -> dict[str, str]:
    return why_not_cached(run, run.fetch())


def test_what_was_taken_needs_no_reason() -> None:
    both()
    assert why(both()) == {}


def test_another_pipelines_run_is_not_compared_with() -> None:
    another()
    assert why(both(size=2)) == dict.fromkeys(("make", "grow"), "nothing was stored for it yet")


def test_each_step_has_its_own_reason_in_the_order_of_the_graph() -> None:
    first = both()
    found = why(both(size=2, by=3))
    assert list(found.items()) == [
        ("make", f"parameter 'size' changed since run {first.id}"),
        ("grow", f"input 'size', parameter 'by' changed since run {first.id}"),
    ]


def test_the_newest_that_made_it_is_compared_with() -> None:
    both(by=2)
    newest = both(by=3)
    assert why(both(by=4))["grow"] == f"parameter 'by' changed since run {newest.id}"
    assert why(newest)["grow"] != f"parameter 'by' changed since run {newest.id}", "a later one is no reason"


def test_an_entry_that_is_not_there() -> None:
    first: PipelineRun = both()
    first.ledger.store.delete(first.ledger.store.list("cache/"))
    said = f"run {first.id} made the same, and its entry was not there"
    assert why(both()) == {"make": said, "grow": said}


def test_data_that_is_not_there() -> None:
    first: PipelineRun = both()
    first.ledger.store.delete(first.ledger.store.list("artifacts/"))
    assert why(both()) == dict.fromkeys(("make", "grow"), "what was stored is damaged or gone")


def test_so_many_runs_are_looked_at() -> None:
    both()
    for _ in range(EARLIER):
        both.with_options(enable_cache=False)()
    assert why(both(by=2)) == {"grow": "nothing was stored for it yet"}
