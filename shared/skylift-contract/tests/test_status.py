"""Every combination of what a ledger may hold and a backend may say has an answer, and a right one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.status import (
    UNASKED,
    AttemptEnd,
    Liveness,
    RunStatus,
    StepEvidence,
    StepStatus,
    outcome,
    run_status,
    step_status,
    with_skips,
)

SEEN = datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)
ENDS = [
    frozenset(how for how, is_there in zip(AttemptEnd, bits, strict=True) if is_there)
    for bits in product([False, True], repeat=len(AttemptEnd))
]
ATTEMPTS = [
    {},
    *({1: ends} for ends in ENDS),
    {1: frozenset({AttemptEnd.FAILED}), 2: frozenset[AttemptEnd]()},
]
EVIDENCE = [
    StepEvidence(attempts, committed, bound, liveness, reason)
    for attempts, (committed, bound), liveness, reason in product(
        ATTEMPTS, [(False, False), (True, False), (False, True)], Liveness, ["", "said"]
    )
]
NATIVE = [None, *(StepStatus(status, reason) for status, reason in product(Status, ["", "native"]))]
BACKENDS = [RunStatus(status, reason) for status, reason in product(Status, ["", "backend"])]
FINISHED = [status for status in Status if status.is_finished]

_SAID = {
    AttemptEnd.FAILED: Status.FAILED,
    AttemptEnd.STOPPED: Status.STOPPED,
    AttemptEnd.SKIPPED: Status.SKIPPED,
}


def found(evidence: StepEvidence, native: StepStatus | None, backend: RunStatus) -> StepStatus:
    return step_status(evidence, "a", replace(backend, steps={} if native is None else {"a": native}))


def ends_of(evidence: StepEvidence) -> frozenset[AttemptEnd]:
    return evidence.attempts.get(evidence.newest, frozenset()) & frozenset(_SAID)


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda b: f"{b.status}-{bool(b.reason)}")
def test_every_step_has_a_status(backend: RunStatus) -> None:
    """What DESIGN says of a step, of every combination there is (some 250,000 of them)."""
    for evidence, native in product(EVIDENCE, NATIVE):
        step = found(evidence, native, backend)
        ends, is_open = ends_of(evidence), bool(evidence.newest) and not ends_of(evidence)
        assert 0 <= step.attempt <= evidence.newest
        if evidence.committed:
            made_here = any(AttemptEnd.DUPLICATE not in ends for ends in evidence.attempts.values())
            assert step.status is (Status.COMPLETED if made_here else Status.CACHED)
        elif evidence.bound:
            assert step.status is Status.CACHED
        elif ends:
            assert step.status in {_SAID[how] for how in ends}
            assert step.reason == evidence.reason
        elif is_open and evidence.liveness is Liveness.ALIVE:
            assert step.status is Status.RUNNING
        elif is_open and evidence.liveness is Liveness.GONE:
            assert step.status in {Status.FAILED, Status.STOPPED}
            assert step.reason
        elif is_open:
            assert step.status in {Status.RUNNING, Status.UNKNOWN, Status.FAILED, Status.STOPPED}
        else:
            assert step.status not in {Status.RUNNING, Status.COMPLETED, Status.CACHED}
        if backend.status.is_finished and not (is_open and evidence.liveness is Liveness.ALIVE):
            assert step.status.is_finished, (evidence, native, backend)
        if not evidence.committed and not evidence.bound:
            assert not step.status.is_successful, "without a result nothing succeeded"


@pytest.mark.parametrize(("one", "other"), list(product(_SAID, _SAID)))
def test_of_two_ends_the_worse_wins(one: AttemptEnd, other: AttemptEnd) -> None:
    step = found(StepEvidence({1: frozenset({one, other})}), None, UNASKED)

    assert step.status is _SAID[min(one, other, key=list(_SAID).index)]


@pytest.mark.parametrize(
    ("earlier", "expected"), [({}, 0), ({1: frozenset({AttemptEnd.RETRYING})}, 1)], ids=["never", "once"]
)
def test_what_was_skipped_made_no_attempt(earlier: dict[int, frozenset[AttemptEnd]], expected: int) -> None:
    """Its record says so; those that it made before are counted."""
    attempts = {**earlier, len(earlier) + 1: frozenset({AttemptEnd.SKIPPED})}
    step = found(StepEvidence(attempts, reason="asked to stop"), None, RunStatus(Status.RUNNING))
    assert step == StepStatus(Status.SKIPPED, "asked to stop", expected)


OPEN = StepEvidence({1: frozenset()})


@pytest.mark.parametrize(
    ("native", "backend", "expected"),
    [
        (None, RunStatus(Status.RUNNING), StepStatus(Status.RUNNING, "", 1)),
        (None, RunStatus(Status.STOPPING), StepStatus(Status.RUNNING, "", 1)),
        (None, RunStatus(Status.FAILED, "quota"), StepStatus(Status.FAILED, "quota", 1)),
        (None, RunStatus(Status.STOPPED, "by me"), StepStatus(Status.STOPPED, "by me", 1)),
        (
            None,
            RunStatus(Status.COMPLETED),
            StepStatus(Status.FAILED, "the backend says completed, and the step left no result", 1),
        ),
        (StepStatus(Status.FAILED, "OOM", url="u"), RunStatus(Status.RUNNING), StepStatus(Status.FAILED, "OOM", 1, "u")),
        (StepStatus(Status.STOPPED, "spot"), RunStatus(Status.RUNNING), StepStatus(Status.STOPPED, "spot", 1)),
        (StepStatus(Status.RUNNING), RunStatus(Status.STOPPED, "by me"), StepStatus(Status.STOPPED, "by me", 1)),
        (StepStatus(Status.PENDING), RunStatus(Status.RUNNING), StepStatus(Status.RUNNING, "", 1)),
        (None, UNASKED, StepStatus(Status.UNKNOWN, "the backend could not be asked", 1)),
    ],
)  # fmt: skip
def test_a_start_without_an_end_is_what_the_backend_says(
    native: StepStatus | None, backend: RunStatus, expected: StepStatus
) -> None:
    assert found(OPEN, native, backend) == expected


@pytest.mark.parametrize(
    ("native", "expected"),
    [
        (StepStatus(Status.FAILED, "exit code 137", url="u"), StepStatus(Status.FAILED, "exit code 137", 1, "u")),
        (StepStatus(Status.STOPPED, "spot"), StepStatus(Status.STOPPED, "spot", 1)),
        (StepStatus(Status.FAILED), StepStatus(Status.FAILED, "the process died", 1)),
        (StepStatus(Status.RUNNING), StepStatus(Status.FAILED, "the process died", 1)),
        (None, StepStatus(Status.FAILED, "the process died", 1)),
    ],
)  # fmt: skip
def test_why_a_process_died_is_what_the_backend_says(native: StepStatus | None, expected: StepStatus) -> None:
    gone = replace(OPEN, liveness=Liveness.GONE)
    assert found(gone, native, RunStatus(Status.RUNNING)) == expected


def test_what_cannot_be_asked_was_last_seen() -> None:
    step = found(replace(OPEN, seen_at=SEEN), None, UNASKED)

    assert step.reason == "the backend could not be asked; last seen at 2026-03-01T12:00:05+00:00"


@pytest.mark.parametrize(
    ("native", "backend", "expected"),
    [
        (None, RunStatus(Status.RUNNING, "busy"), StepStatus(Status.PENDING, "busy")),
        (None, RunStatus(Status.PENDING), StepStatus(Status.PENDING)),
        (None, UNASKED, StepStatus(Status.UNKNOWN, "the backend could not be asked")),
        (None, RunStatus(Status.FAILED), StepStatus(Status.NOT_STARTED, "its run ended as failed")),
        (None, RunStatus(Status.FAILED, "quota"), StepStatus(Status.NOT_STARTED, "quota")),
        (StepStatus(Status.PENDING, "no GPU"), RunStatus(Status.RUNNING), StepStatus(Status.PENDING, "no GPU")),
        (StepStatus(Status.PENDING), RunStatus(Status.STOPPED), StepStatus(Status.NOT_STARTED, "its run ended as stopped")),
        (StepStatus(Status.RUNNING), RunStatus(Status.RUNNING), StepStatus(Status.PENDING, "the backend is starting it")),
        (StepStatus(Status.FAILED, "no image"), RunStatus(Status.RUNNING), StepStatus(Status.FAILED, "no image")),
        (StepStatus(Status.SKIPPED, "condition"), RunStatus(Status.RUNNING), StepStatus(Status.SKIPPED, "condition")),
        (
            StepStatus(Status.COMPLETED),
            RunStatus(Status.RUNNING),
            StepStatus(Status.FAILED, "the backend says completed, and the step wrote nothing"),
        ),
        (
            StepStatus(Status.CACHED),
            RunStatus(Status.COMPLETED),
            StepStatus(Status.FAILED, "the backend says cached, and the step wrote nothing"),
        ),
    ],
)  # fmt: skip
def test_what_wrote_nothing_is_what_the_backend_says(
    native: StepStatus | None, backend: RunStatus, expected: StepStatus
) -> None:
    assert found(StepEvidence(), native, backend) == expected


statuses = st.sampled_from(Status)
step_statuses = st.builds(StepStatus, statuses, st.sampled_from(["", "why"]), st.integers(0, 2))
runs = st.builds(RunStatus, statuses, st.sampled_from(["", "backend"]), url=st.sampled_from(["", "u"]))
members = st.dictionaries(st.sampled_from("abcd"), step_statuses, max_size=4)


@given(members, runs, st.none() | runs, st.booleans())
def test_every_run_has_a_status(
    steps: dict[str, StepStatus], backend: RunStatus, sealed: RunStatus | None, stop_asked: bool
) -> None:
    run = run_status(steps, backend, sealed=sealed, stop_asked=stop_asked)

    assert run.steps == steps
    assert run.url == backend.url
    if sealed is not None:
        assert (run.status, run.reason) == (sealed.status, sealed.reason)
    elif steps and all(step.status.is_finished for step in steps.values()):
        assert run.status.is_finished
    elif steps and backend.status.is_successful:
        assert not run.status.is_finished, "a step is seen to run on"
    else:
        assert run.status.is_finished is backend.status.is_finished


@given(
    st.lists(st.sampled_from(EVIDENCE), min_size=1, max_size=5),
    st.sampled_from(BACKENDS),
    st.booleans(),
    st.data(),
)
def test_a_run_and_its_steps_agree(
    evidence: list[StepEvidence], backend: RunStatus, stop_asked: bool, data: st.DataObject
) -> None:
    """Through all three functions, as a reader goes through them; steps wait for any before them."""
    names = [str(number) for number in range(len(evidence))]
    upstream = {
        name: tuple(data.draw(st.lists(st.sampled_from(names[:i]), unique=True))) if i else ()
        for i, name in enumerate(names)
    }
    alone = {n: step_status(e, n, backend) for n, e in zip(names, evidence, strict=True)}
    steps = with_skips(alone, upstream)
    run = run_status(steps, backend, sealed=None, stop_asked=stop_asked)
    alive = any(step.status is Status.RUNNING for step in steps.values())

    assert steps.keys() == alone.keys()
    for name, step in steps.items():
        assert step == alone[name] or step.status is Status.SKIPPED
    if all(e.committed or e.bound for e in evidence):
        assert run.status is Status.COMPLETED, "whatever the backend says"
    if run.status.is_successful:
        assert all(step.status.is_successful for step in steps.values())
    if backend.status.is_finished and not alive:
        assert run.status.is_finished
        assert all(step.status.is_finished for step in steps.values())
    if run.status is Status.RUNNING:
        assert alive or not backend.status.is_finished


CHAIN = {"a": (), "b": ("a",), "c": ("b",), "d": ()}


@pytest.mark.parametrize("first", [Status.FAILED, Status.STOPPED, Status.SKIPPED])
@pytest.mark.parametrize("waiting", [Status.PENDING, Status.NOT_STARTED, Status.UNKNOWN])
def test_what_is_downstream_of_a_failure_is_skipped(first: Status, waiting: Status) -> None:
    steps = {"a": StepStatus(first), **{name: StepStatus(waiting) for name in "bcd"}}

    skipped = with_skips(steps, CHAIN)

    assert skipped["b"] == StepStatus(
        Status.SKIPPED, f"step 'a' {'failed' if first is Status.FAILED else f'was {first.value}'}"
    )
    assert skipped["c"] == StepStatus(Status.SKIPPED, "step 'b' was skipped")
    assert skipped["d"] == StepStatus(waiting)


def test_a_step_that_began_is_not_skipped() -> None:
    steps = {"a": StepStatus(Status.FAILED), "b": StepStatus(Status.UNKNOWN, attempt=1)}

    assert with_skips(steps, CHAIN) == steps


def test_a_failure_closes_a_run_whose_backend_cannot_be_asked() -> None:
    failed = StepEvidence({1: frozenset({AttemptEnd.FAILED})}, reason="no luck")
    steps = {name: step_status(failed if name == "a" else StepEvidence(), name, UNASKED) for name in "abc"}

    run = run_status(with_skips(steps, CHAIN), UNASKED, sealed=None, stop_asked=False)

    assert (run.status, run.reason) == (Status.FAILED, "step 'a': no luck")


@pytest.mark.parametrize(
    ("found", "stop_asked", "backend", "expected"),
    [
        ([Status.COMPLETED, Status.CACHED], True, RunStatus(Status.FAILED), (Status.COMPLETED, "")),
        ([Status.FAILED, Status.STOPPED], False, UNASKED, (Status.FAILED, "")),
        ([Status.FAILED, Status.COMPLETED], True, UNASKED, (Status.STOPPED, "")),
        ([Status.STOPPED, Status.COMPLETED], False, UNASKED, (Status.STOPPED, "")),
        ([Status.COMPLETED, Status.NOT_STARTED], False, RunStatus(Status.STOPPED, "by me"), (Status.STOPPED, "by me")),
        ([Status.NOT_STARTED], False, RunStatus(Status.FAILED, "quota"), (Status.FAILED, "quota")),
        ([Status.NOT_STARTED], False, RunStatus(Status.SKIPPED, "overlap"), (Status.SKIPPED, "overlap")),
        ([Status.COMPLETED, Status.SKIPPED], False, RunStatus(Status.RUNNING), (Status.FAILED, "not every step ran")),
        ([Status.SKIPPED], True, UNASKED, (Status.STOPPED, "")),
    ],
)  # fmt: skip
def test_how_a_run_ended(
    found: list[Status], stop_asked: bool, backend: RunStatus, expected: tuple[Status, str]
) -> None:
    assert outcome([StepStatus(s) for s in found], stop_asked=stop_asked, backend=backend) == expected


@pytest.mark.parametrize(
    ("steps", "backend", "stop_asked", "expected"),
    [
        ([Status.PENDING], RunStatus(Status.PENDING), False, Status.PENDING),
        ([Status.CACHED, Status.PENDING], RunStatus(Status.RUNNING), False, Status.RUNNING),
        ([Status.RUNNING, Status.PENDING], RunStatus(Status.PENDING), False, Status.RUNNING),
        ([Status.RUNNING], RunStatus(Status.STOPPING), False, Status.STOPPING),
        ([Status.RUNNING], RunStatus(Status.RUNNING), True, Status.STOPPING),
        ([Status.UNKNOWN, Status.COMPLETED], UNASKED, False, Status.UNKNOWN),
        ([], RunStatus(Status.COMPLETED), False, Status.COMPLETED),
        ([], RunStatus(Status.FAILED), True, Status.STOPPED),
        ([], RunStatus(Status.RUNNING), False, Status.RUNNING),
    ],
)
def test_how_an_open_run_stands(
    steps: list[Status], backend: RunStatus, stop_asked: bool, expected: Status
) -> None:
    members = {str(number): StepStatus(status) for number, status in enumerate(steps)}

    assert run_status(members, backend, sealed=None, stop_asked=stop_asked).status is expected


def test_a_run_that_failed_says_where() -> None:
    steps = {"a": StepStatus(Status.COMPLETED), "b": StepStatus(Status.FAILED, "no luck")}

    assert run_status(steps, UNASKED, sealed=None, stop_asked=False).reason == "step 'b': no luck"


def test_a_stop_that_nobody_asked_for_has_the_backends_reason_or_the_steps() -> None:
    steps = {"a": StepStatus(Status.COMPLETED), "b": StepStatus(Status.STOPPED, "it got a signal")}
    died = RunStatus(Status.FAILED, "the process died")

    def reason(backend: RunStatus, *, stop_asked: bool = False) -> tuple[Status, str]:
        found = run_status(steps, backend, sealed=None, stop_asked=stop_asked)
        return found.status, found.reason

    assert reason(died) == (Status.STOPPED, "the process died")
    assert reason(UNASKED) == (Status.STOPPED, "step 'b': it got a signal")
    assert reason(died, stop_asked=True) == (Status.STOPPED, "step 'b': it got a signal")
