"""A run that goes on: its function calls the same again, and nothing that committed is done twice."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from skylift_tests_support import dynamic_steps
from skylift_tests_support.dynamic_runs import ended, orchestrated, resuming

from skylift.runtime.active import ActiveRun
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import ReplayDiverged, StepFailed

if TYPE_CHECKING:
    from collections.abc import Callable


steps: Any = dynamic_steps

FIX = (
    " Have it decide on nothing but its parameters and what steps made (no time, no chance, no order of "
    "ending), give it the same parameters as before, and change of its source only what comes after; or start a "
    "new run."
)


def maps(*words: str) -> Callable[[], None]:
    def fans() -> None:
        steps.said.map(list(words)).wait()
        steps.said("z")

    return fans


def catching() -> None:
    steps.said("a")
    with suppress(StepFailed):
        steps.refused("b")
    steps.said("c")


def named(*names: str) -> Callable[[], None]:
    def calls() -> None:
        for name in names:
            steps.said(name, id=name)

    return calls


def given(word: str) -> Callable[[], None]:
    return lambda: steps.said_after("two", steps.said(word))


@pytest.mark.parametrize(
    ("before", "now", "what"),
    [
        (named("a", "b"), named("b", "a"), "call 1 of its function is 'b' now, and was 'a'"),
        (
            steps.one_after_another,
            lambda: (steps.said("a"), steps.double(1)),
            "call 2 of its function is 'double' now, and was 'said_2'",
        ),
        (
            steps.one_after_another,
            lambda: (steps.said("a"), steps.said("c")),
            "its function calls 'said_2' with word='c' now, and with 'b' before",
        ),
        (
            lambda: steps.said("a", id="x"),
            lambda: steps.refused("a", id="x"),
            (
                "its function calls 'x' with skylift_tests_support.dynamic_steps:refused now, and with "
                "skylift_tests_support.dynamic_steps:said before"
            ),
        ),
        (
            lambda: steps.said_after("two", steps.said("one")),
            lambda: (steps.said("one"), steps.said_after("two", "one")),
            "its function calls 'said_after' with before='one' now, and with said.output before",
        ),
        (
            steps.one_after_another,
            lambda: steps.said("a"),
            "its function ended, and called 'said_2' next when it ran before",
        ),
        (
            catching,
            lambda: steps.said("a"),
            "its function ended, and called 'refused' next when it ran before",
        ),
        (maps("a", "b"), maps("a"), "call 2 of its function is 'said' now, and was 'map:said:1'"),
        (maps("a"), maps("a", "b"), "call 2 of its function is 'map:said:1' now, and was 'said'"),
    ],
    ids=["order", "step", "parameter", "source", "input", "end", "end before a failure", "fewer", "more"],
)
def test_another_call_than_before_fails_the_run_and_shows_both(
    run: ActiveRun, before: Callable[[], Any], now: Callable[[], Any], what: str
) -> None:
    orchestrated(run, ended(before))
    before_this = steps.ran()
    again = resuming(run)

    end = orchestrated(again, now)

    assert (end.status, end.reason) == (Status.FAILED, f"pipeline 'played': {what}.{FIX}")
    assert not set(steps.ran()) & set(before_this)
    assert not again.ledger.listing(again.id).steps


@pytest.mark.parametrize(
    "mended",
    [
        lambda: steps.said(steps.said_after("c", steps.said("a"))),
        lambda: steps.said("b", id="other"),
        lambda: None,
    ],
    ids=["something before it", "another step", "nothing"],
)
def test_the_call_that_failed_may_be_another(run: ActiveRun, mended: Callable[[], Any]) -> None:
    def fails() -> None:
        steps.said("first")
        steps.refused("last")

    def mends() -> None:
        steps.said("first")
        mended()

    orchestrated(run, fails)
    steps.ran()

    assert orchestrated(resuming(run), mends).reason == ""
    assert "first" not in steps.ran()


def test_what_was_skipped_for_a_failure_is_not_what_is_tried_again(run: ActiveRun) -> None:
    """Also where something was called after it, on the way out."""

    def fails() -> None:
        try:
            steps.said_after("b", steps.refused.submit("a")).load()
        finally:
            steps.said("cleaned up")

    end = orchestrated(run, fails)
    assert (end.failed_call, end.reason) == ("refused", "step 'refused': ValueError: a")
    steps.ran()
    orchestrated(resuming(run), fails)
    assert steps.ran() == ["a", "cleaned up"]


def test_a_divergence_is_raised_again_where_the_function_caught_it(run: ActiveRun) -> None:
    orchestrated(run, ended(named("a", "b", "c")))
    steps.ran()
    told: list[str] = []

    def catches() -> None:
        for name in ("b", "b2", "c"):
            try:
                steps.said(name, id=name)
            except ReplayDiverged as error:
                told.append(error.what)

    end = orchestrated(resuming(run), catches)

    assert told == ["call 1 of its function is 'b' now, and was 'a'"] * 3
    assert end.reason == f"pipeline 'played': {told[0]}.{FIX}"
    assert steps.ran() == []


def test_a_divergence_within_is_the_outer_runs_also_where_it_is_caught(run: ActiveRun) -> None:
    def nests(word: str) -> Callable[[], None]:
        def catches() -> None:
            try:
                steps.chosen(word)
            except StepFailed:
                steps.said("caught")

        return catches

    steps.CHOICE[:] = ["a"]
    orchestrated(run, ended(nests("x")))
    steps.CHOICE[:] = ["b"]
    steps.ran()

    end = orchestrated(resuming(run), nests("x"))

    assert end.status is Status.FAILED
    assert end.reason == (
        "pipeline 'chosen': its function calls 'said' with word='b' now, and with 'a' before." + FIX
    )
    assert steps.ran() == []


def test_a_call_that_did_not_commit_may_be_another(run: ActiveRun) -> None:
    orchestrated(run, ended(lambda: (steps.said("a"), steps.refused("b"))))
    steps.ran()

    again = resuming(run)
    end = orchestrated(again, lambda: (steps.said("a"), steps.said("c", id="refused")))

    assert end.status is Status.COMPLETED
    assert steps.ran() == ["c"]


def test_a_failure_that_was_caught_is_one_again_and_one_that_was_not_is_tried_again(run: ActiveRun) -> None:
    told: list[str] = []

    def calls() -> None:
        try:
            steps.refused("caught")
        except StepFailed as error:
            told.append(error.reason)
        steps.said("a")
        steps.refused("uncaught")

    orchestrated(run, calls)
    assert steps.ran() == ["caught", "a", "uncaught"]

    again = resuming(run)
    end = orchestrated(again, calls)

    assert steps.ran() == ["uncaught"]
    assert told == ["ValueError: caught"] * 2
    assert end.reason == "step 'refused_2': ValueError: uncaught"
