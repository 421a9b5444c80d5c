from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from skylift_tests_support.runs import make_record, make_snapshot, make_step

from skylift.ledger import keys
from skylift.ledger.index import newest_runs
from skylift.ledger.ledger import Ledger
from skylift.ledger.schedule_record import ScheduleRecord
from skylift.ledger.schedules import all_schedules, checked_name, firings, standing
from skylift.store.objects import ObjectStore
from skylift_contract.errors import UnknownName
from skylift_contract.run import DeployedSchedule
from skylift_contract.schedule import Schedule

NAMES = ("Daily", "daily", "every hour", "täglich")


def record(name: str, snapshot: str = "s", state: str = "active") -> ScheduleRecord:
    deployed = DeployedSchedule(name=name, pipeline="p", snapshot=snapshot, flavor="f", id="1", state=state)
    return ScheduleRecord(schedule=deployed, timing=Schedule(interval_second=timedelta(hours=36)))


@pytest.fixture
def ledger(any_store: ObjectStore) -> Ledger:
    return Ledger(any_store)


def test_each_stands_as_its_newest_record_says(ledger: Ledger) -> None:
    for name in NAMES:
        for state in ("active", "paused"):
            ledger.put_schedule(record(name, state=state))
    ledger.put_schedule(record("daily", state="deleted"))
    found = all_schedules(ledger)
    assert {name: one.schedule.state for name, one in found.records.items()} == {
        name: "deleted" if name == "daily" else "paused" for name in NAMES
    }
    assert [name for name, one in found.records.items() if one.is_deleted] == ["daily"]
    assert found.unreadable == {}
    assert standing(ledger, "daily") == found.records["daily"]
    assert found.records["Daily"].timing == Schedule(interval_second=timedelta(hours=36))


def test_more_than_ten_revisions(ledger: Ledger) -> None:
    for number in range(12):
        ledger.put_schedule(record("daily", snapshot=f"s{number}"))
    newest = standing(ledger, "daily")
    assert newest is not None
    assert newest.schedule.snapshot == "s11"
    assert all_schedules(ledger).records["daily"] == newest
    assert firings(ledger, "daily") == {f"s{number}" for number in range(12)}


def test_one_that_cannot_be_read_hides_no_other(ledger: Ledger) -> None:
    ledger.put_schedule(record("daily"))
    newer = json.loads(record("later").to_bytes())
    unknown = {**newer, "timing": {**newer["timing"], "jitter": 5}}
    ledger.store.create(keys.schedule("later", 0), json.dumps(unknown).encode())
    ledger.store.create(keys.schedule("odd", 0), b"{")
    ledger.store.create(keys.schedule("wrong", 0), json.dumps({**newer, "timing": {}}).encode())
    found = all_schedules(ledger)
    assert list(found.records) == ["daily"]
    said = {key: found.unreadable[keys.schedule(key, 0)] for key in ("later", "odd", "wrong")}
    assert "it says what this Skylift does not know" in said["later"]
    assert "it is damaged, and no ScheduleRecord" in said["odd"]
    assert "it is damaged, and no ScheduleRecord: Schedule: it does not say when to run" in said["wrong"]


def test_a_name_that_nothing_has_offers_the_nearest(ledger: Ledger) -> None:
    ledger.put_schedule(record("daily"))
    assert checked_name(ledger, "daily") == "daily"
    with pytest.raises(UnknownName, match=r"there is no schedule named 'dayly'\. Did you mean 'daily'\?"):
        checked_name(ledger, "dayly")


def test_a_run_that_was_found_later_stands_where_it_began(ledger: Ledger) -> None:
    snapshot = make_snapshot(make_step("a"))
    ledger.open_run(make_record(snapshot, "now"))
    before = datetime(2026, 1, 1, tzinfo=UTC)
    ledger.open_run(make_record(snapshot, "then", began=before))
    assert [run.orchestrator_run_id for run in newest_runs(ledger)] == ["now", "then"]
    assert [run.created for run in newest_runs(ledger)][1] == before
