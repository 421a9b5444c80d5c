from __future__ import annotations

import json
from datetime import UTC, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift.ledger.records import (
    MAJOR,
    EndRecord,
    ErrorInfo,
    FailureRecord,
    Record,
    Request,
    ResultRecord,
    RunEndRecord,
    RunRecord,
    StartRecord,
    StopRecord,
    SubmittedRun,
    Writer,
    parse,
)
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import DamagedObject, RecordTooNew
from skylift_contract.snapshot import ArtifactRef
from skylift_contract.status import AttemptEnd

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.integers(0, 10**6)
moments = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-3, minutes=-30))]))
# `log_metadata` spells what JSON has no word for before it comes here.
plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
refs = st.builds(ArtifactRef, digest=text, type=text, materializer=text, size=numbers)
errors = st.builds(ErrorInfo, type=text, message=text, traceback=text)
records = st.one_of(
    st.builds(SubmittedRun, submission_id=text, run_id=text),
    st.builds(Request, **dict.fromkeys(
        ("submission_id", "project", "pipeline", "snapshot", "flavor", "stack", "orchestrator", "user"), text
    ), tags=st.tuples(text), git_dirty=st.none() | st.booleans()),
    st.builds(RunRecord, **dict.fromkeys(
        ("run_id", "orchestrator_run_id", "project", "pipeline", "snapshot", "flavor"), text
    ), submission_id=st.none() | text),
    st.builds(StartRecord, invocation_id=text, attempt=numbers, backend_attempt=st.none() | numbers),
    st.builds(EndRecord, invocation_id=text, attempt=numbers, status=st.sampled_from(AttemptEnd),
              reason=text, error=st.none() | errors, started=moments, ended=moments),
    st.builds(ResultRecord, invocation_id=text, attempt=numbers, started=moments, ended=moments,
              outputs=st.dictionaries(text, refs, max_size=3),
              metadata=st.dictionaries(text, plain, max_size=3)),
    st.builds(FailureRecord, invocation_id=text, attempt=numbers, reason=text),
    st.builds(StopRecord, graceful=st.booleans(), user=text),
    st.builds(RunEndRecord, status=st.sampled_from(ExecutionStatus), reason=text, void_stops=numbers),
)  # fmt: skip


@given(records)
def test_a_record_is_read_back_as_it_was_written(record: Record) -> None:
    assert parse(type(record), record.to_bytes(), "k") == record
    assert parse(type(record), record.to_bytes(), "k").to_bytes() == record.to_bytes()


@given(records, st.dictionaries(text.map("newer_{}".format), plain, max_size=3))
def test_a_newer_field_does_no_harm(record: Record, newer: dict[str, Any]) -> None:
    data = {**json.loads(record.to_bytes()), **newer}
    data["writer"] = {**data["writer"], **newer}

    assert parse(type(record), json.dumps(data).encode(), "k") == record


@given(records, st.integers(MAJOR + 1, 99))
def test_a_newer_major_is_refused_by_the_records_key(record: Record, major: int) -> None:
    data = {"major": major, "everything": "else is other"}

    with pytest.raises(RecordTooNew) as refused:
        parse(type(record), json.dumps(data).encode(), "runs/1/run.json")

    assert str(refused.value) == (
        f"runs/1/run.json: it was written by a newer Skylift (got {major}, limit: 1). Upgrade skylift here."
    )


@given(records, st.data())
def test_damaged_bytes_are_refused_by_the_records_key(record: Record, data: st.DataObject) -> None:
    content = record.to_bytes()
    cut = content[: data.draw(st.integers(0, len(content) - 1))]

    with pytest.raises(
        DamagedObject, match=rf"^runs/1/x.json: it is damaged, and no {type(record).__name__}: "
    ):
        parse(type(record), cut, "runs/1/x.json")


@pytest.mark.parametrize("content", [b"", b"null", b"[]", b"\xff\xfe", b'"text"', b'{"major": "one"}'])
def test_what_is_no_record_is_said_to_be_none(content: bytes) -> None:
    with pytest.raises(DamagedObject, match=r"^k: it is damaged, and no RunRecord: "):
        parse(RunRecord, content, "k")


def test_two_records_of_one_process_are_never_the_same_bytes() -> None:
    nonces = {Writer.this_process().nonce for _ in range(1000)}

    assert len(nonces) == 1000


@pytest.mark.parametrize(
    ("error", "summary"),
    [
        (ErrorInfo(type="ValueError", message="no luck"), "ValueError: no luck"),
        (ErrorInfo(type="KeyboardInterrupt", message=""), "KeyboardInterrupt"),
    ],
)
def test_an_error_in_a_line(error: ErrorInfo, summary: str) -> None:
    assert error.summary == summary


@pytest.mark.parametrize("status", ExecutionStatus)
def test_an_end_that_is_not_final_opens_the_run_again(status: ExecutionStatus) -> None:
    assert RunEndRecord(status=status).is_open is not status.is_finished
