from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from skylift_testkit.emulator.fault_script import Failure, Fault, FaultScript, taken

CALLS = st.lists(st.sampled_from(["start", "describe", "stop"]), max_size=30)


@given(CALLS, st.integers(0, 5), st.integers(1, 5))
def test_one_line_fails_the_calls_it_names_after_so_many_so_often(
    calls: list[str], after: int, times: int
) -> None:
    script: tuple[Fault, ...] = (Fault(Failure.QUOTA, frozenset({"start"}), after, times),)
    failed: list[int] = []
    for n, call in enumerate(calls):
        found, script = taken(script, call)
        failed += [n] if found else []
    starts = [n for n, call in enumerate(calls) if call == "start"]
    assert failed == starts[after : after + times]


@given(st.lists(st.sampled_from([Failure.QUOTA, Failure.THROTTLED, Failure.LOST_ANSWER]), max_size=6))
def test_lines_happen_in_their_order_and_then_nothing(failures: list[Failure]) -> None:
    script = FaultScript()
    for failure in failures:
        script.tell(Fault(failure))
    assert [script.of_call("start") for _ in [*failures, None]] == [*failures, None]


def test_faults_of_steps_meet_no_call() -> None:
    script = FaultScript()
    script.tell(Fault(Failure.TWICE, frozenset({"train"})))
    assert script.of_call("train") is None
    assert script.of_step("load") is None
    assert script.of_step("train") is Failure.TWICE
    assert script.of_step("train") is None
