from __future__ import annotations

import json

from skylift_contract.enums import ExecutionMode, ExecutionStatus

OPEN = {"pending", "running", "stopping", "unknown"}


def test_exactly_the_open_statuses_can_still_change() -> None:
    assert {status.value for status in ExecutionStatus if not status.is_finished} == OPEN


def test_only_finished_work_with_outputs_is_successful() -> None:
    successful = {status for status in ExecutionStatus if status.is_successful}
    assert successful == {ExecutionStatus.COMPLETED, ExecutionStatus.CACHED}
    assert all(status.is_finished for status in successful)


def test_a_word_is_its_own_json_and_reads_back() -> None:
    words = [*ExecutionStatus, *ExecutionMode]
    assert json.loads(json.dumps(words)) == [str(word) for word in words]
    assert all(ExecutionStatus(str(status)) is status for status in ExecutionStatus)
    assert [str(mode) for mode in ExecutionMode] == ["fail_fast", "stop_on_failure", "continue_on_failure"]
