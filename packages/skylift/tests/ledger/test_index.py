"""Going through runs, some of which cannot be read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from skylift_tests_support.runs import make_record, make_snapshot, make_step

from skylift.client import Client
from skylift.ledger import keys
from skylift.ledger.index import newest_runs
from skylift.ledger.ledger import Ledger
from skylift.ledger.records import RunRecord
from skylift.ledger.unread import UnreadRun
from skylift.models import PipelineRun
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import DamagedObject, RecordTooNew

if TYPE_CHECKING:
    from skylift.store.objects import ObjectStore

SNAPSHOT = make_snapshot(make_step("a"))


@pytest.fixture
def ledger(memory_store: ObjectStore) -> Ledger:
    return Ledger(memory_store)


def replace(ledger: Ledger, record: RunRecord, data: bytes) -> None:
    """Put other bytes in the place of a run's record, and of its entry in the index."""
    for key in (keys.run(record.run_id), keys.index(record.run_id, record.created)):
        ledger.store.delete([key])
        ledger.store.put_content(key, data)


def newer(record: RunRecord) -> bytes:
    return json.dumps({**json.loads(record.to_bytes()), "major": 2}).encode()


def test_a_run_of_a_newer_skylift_hides_no_other(ledger: Ledger) -> None:
    old, new, last = (ledger.open_run(make_record(SNAPSHOT, f"own/{number}")) for number in range(3))
    replace(ledger, new, newer(new))

    found = list(newest_runs(ledger))

    assert [found[0], found[2]] == [last, old]
    unread = found[1]
    assert isinstance(unread, UnreadRun)
    assert (unread.run_id, unread.created) == (new.run_id, new.created)
    assert isinstance(unread.error, RecordTooNew)
    assert str(unread.error) == (
        f"runs/{new.run_id}/run.json: it was written by a newer Skylift (got 2, limit: 1). Upgrade skylift here."
    )


@pytest.mark.parametrize("data", [b"", b"{", b"[]"])
def test_a_damaged_run_hides_no_other(ledger: Ledger, data: bytes) -> None:
    good, bad = (ledger.open_run(make_record(SNAPSHOT, f"own/{number}")) for number in range(2))
    replace(ledger, bad, data)

    unread, other = newest_runs(ledger)

    assert other == good
    assert isinstance(unread, UnreadRun)
    assert isinstance(unread.error, DamagedObject)
    assert str(unread.error).startswith(f"runs/{bad.run_id}/run.json: it is damaged, and no RunRecord: ")


def test_a_run_that_cannot_be_read_is_unknown_and_says_why(ledger: Ledger) -> None:
    record = ledger.open_run(make_record(SNAPSHOT))
    replace(ledger, record, newer(record))
    client = Client(ledger.store.uri)

    (run,) = client.runs()

    assert str(run.id) == record.run_id
    assert run.status is Status.UNKNOWN
    assert "written by a newer Skylift" in run.reason
    assert repr(run).startswith(f"<PipelineRun {record.run_id} of pipeline ")
    with pytest.raises(RecordTooNew, match=rf"^runs/{record.run_id}/run.json: "):
        client.run("last")
    with pytest.raises(RecordTooNew):
        _ = run.record
    assert list(client.runs(pipeline="tested")) == []


def test_an_entry_without_a_record_is_still_a_run(ledger: Ledger) -> None:
    record = make_record(SNAPSHOT)
    ledger.store.put_content(keys.index(record.run_id, record.created), b"{")

    (unread,) = newest_runs(ledger)

    assert isinstance(unread, UnreadRun)
    assert PipelineRun.of_record(ledger, unread).status is Status.UNKNOWN


@pytest.mark.parametrize("name", ["plain", 'it is "quoted"', "b\\a", "größe", "\u2028", "\x7f"])
def test_runs_of_one_pipeline_are_found_by_its_name(ledger: Ledger, name: str) -> None:
    """Entries are passed over by their bytes, before they are parsed."""
    for number, pipeline in enumerate(("tested", name)):
        ledger.open_run(make_record(SNAPSHOT, f"own/{number}").model_copy(update={"pipeline": pipeline}))

    assert [record.pipeline for record in newest_runs(ledger, pipeline=name)] == [name]
    assert [run.pipeline for run in Client(ledger.store.uri).runs(name)] == [name]
