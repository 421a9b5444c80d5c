"""What is deleted, and what never: over random stores, and while others write."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skylift_tests_support.faults import faulty_store
from skylift_tests_support.runs import make_record, make_snapshot, make_step, outputs_of
from skylift_tests_support.stored_files import age

from skylift import artifacts
from skylift.garbage.collection import GRACE, delete, find
from skylift.ledger import keys
from skylift.ledger.deletion import delete_run
from skylift.ledger.ledger import Ledger
from skylift.ledger.records import Request, ResultRecord, Writer, now
from skylift_contract.errors import ConfigurationError, DamagedObject, RecordTooNew
from skylift_contract.run import DeployedSchedule
from skylift_contract.snapshot import Binding, CodeArchive

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from skylift.store.objects import ObjectStore
    from skylift_contract.snapshot import ArtifactRef, PipelineSnapshot

DAY = timedelta(days=1)
LATER = 40 * DAY


def save(store: ObjectStore, value: Any) -> ArtifactRef:
    return artifacts.save(store, value, Any, "test")


def run(store: ObjectStore, number: int, values: Iterable[Any], **fields: Any) -> PipelineSnapshot:
    """A run that made these, of a snapshot of its own; `fields` are the snapshot's."""
    snapshot = make_snapshot(make_step("a", parameters={"number": number}), **fields)
    ledger = Ledger(store)
    ledger.put_snapshot(snapshot)
    record = ledger.open_run(make_record(snapshot, f"own/{number}"))
    outputs = {f"o{place}": save(store, value) for place, value in enumerate(values)}
    ledger.commit(record.run_id, ResultRecord(invocation_id="a", attempt=1, outputs=outputs, started=now()))
    return snapshot


def run_id(number: int) -> str:
    return make_record(make_snapshot(make_step("a")), f"own/{number}").run_id


def collect(store: ObjectStore, moment: datetime | None = None) -> set[tuple[str, str]]:
    """Delete all garbage, as it is seen at a moment; what it was."""
    moment = moment or now() + LATER
    found = list(find(Ledger(store), moment))
    assert all(delete(store, one, moment - GRACE) for one in found)
    return {(one.kind, one.name) for one in found}


def stored(store: ObjectStore, folder: str) -> set[str]:
    return {key.split("/")[1] for key in store.list(folder)}


VALUES = st.lists(st.sampled_from([0, 1, "x", "y" * 2000, [1, 2]]), max_size=3)


@settings(max_examples=60, deadline=None)
@given(runs=st.lists(VALUES, max_size=6), loose=VALUES, cached=VALUES, bound=VALUES, data=st.data())
def test_what_remains_is_whole_and_nothing_else_does(
    runs: list[list[Any]], loose: list[Any], cached: list[Any], bound: list[Any], data: st.DataObject
) -> None:
    store = faulty_store()[0]
    for number, values in enumerate(runs):
        run(store, number, values)
    refs = {f"b{place}": save(store, value) for place, value in enumerate(bound)}
    bindings = {"z": Binding(run_id="gone", step_name="z", outputs=refs)}
    run(store, 99, [], bindings=bindings)
    kept = [save(store, value) for value in cached]
    entry = {"outputs": {str(place): ref.model_dump() for place, ref in enumerate(kept)}, "expires": None}
    store.create("cache/k/0000.json", _record(entry))
    for value in loose:
        save(store, value)
    gone = data.draw(st.sets(st.sampled_from(range(len(runs)))) if runs else st.just(set[int]()))
    for number in gone:
        delete_run(Ledger(store), run_id(number), None)

    collect(store)

    left = [values for number, values in enumerate(runs) if number not in gone]
    for number in set(range(len(runs))) - gone:
        assert list(outputs_of(store, run_id(number), "a").values()) == runs[number]
    assert [artifacts.load(store, ref, Any, "b") for ref in refs.values()] == bound
    assert [artifacts.load(store, ref, Any, "c") for ref in kept] == cached
    wanted = {repr(value) for values in (*left, bound, cached) for value in values}
    assert len(stored(store, "artifacts")) == len(wanted)
    assert len(store.list("snapshots")) == len(left) + 1
    assert collect(store) == set()


def _record(fields: dict[str, Any]) -> bytes:
    writer = json.loads(Writer.this_process().model_dump_json())
    return json.dumps({"major": 1, "writer": writer, **fields}).encode()


def test_nothing_young_is_deleted(memory_store: ObjectStore) -> None:
    """What a step has saved and not committed yet."""
    save(memory_store, 1)
    assert collect(memory_store, now() + GRACE - timedelta(minutes=1)) == set()
    assert {kind for kind, _ in collect(memory_store, now() + GRACE + timedelta(minutes=1))} == {"artifacts"}


def test_a_grace_that_is_too_short_is_refused(memory_store: ObjectStore) -> None:
    sentence = (
        r"--grace: what is younger may be part of a run that has not said so yet "
        r"\(got '2 h', limit: at least 24 h\)\. Leave it out, or give more\."
    )
    with pytest.raises(ConfigurationError, match=f"^{sentence}$"):
        list(find(Ledger(memory_store), now(), timedelta(hours=2)))


def test_old_content_that_is_needed_anew_is_young_again(file_store: ObjectStore) -> None:
    """A run that starts between the look and the deletion relies on what is there already."""
    ledger, moment = Ledger(file_store), now()
    code = keys.code("c0de")
    save(file_store, "y" * 2000)
    file_store.put_content(code, b"zip")
    age(file_store, "", 2 * DAY)
    found = list(find(ledger, moment))
    assert {one.kind for one in found} == {"artifacts", "code"}

    file_store.put_content(code, b"zip")
    run(file_store, 1, ["y" * 2000])
    assert [delete(file_store, one, moment - GRACE) for one in found] == [False, False]
    assert outputs_of(file_store, run_id(1), "a") == {"o0": "y" * 2000}
    assert file_store.get(code) == b"zip"


def test_content_that_is_fresh_is_not_written_again() -> None:
    store, transport = faulty_store()
    save(store, "y" * 2000)
    before = len(transport.calls)
    save(store, "y" * 2000)
    assert [call.operation for call in transport.calls[before:]] == ["head", "head"]


@pytest.mark.parametrize("store_fixture", ["s3_store", "gcs_store", "file_store"])
def test_every_kind_of_store(store_fixture: str, request: pytest.FixtureRequest) -> None:
    store: ObjectStore = request.getfixturevalue(store_fixture)
    snapshot = run(store, 1, [1, "y" * 2000])
    save(store, 2)
    delete_run(Ledger(store), run_id(1), None)
    run(store, 2, ["kept"])
    assert {kind for kind, _ in collect(store)} == {"artifacts", "snapshots"}
    assert not store.exists(keys.snapshot(snapshot.digest))
    assert outputs_of(store, run_id(2), "a") == {"o0": "kept"}


def request_of(snapshot: PipelineSnapshot, submission: str = "s1") -> Request:
    return Request(
        submission_id=submission,
        project="p",
        pipeline="t",
        snapshot=snapshot.digest,
        flavor="test",
        stack="s",
        orchestrator="o",
        user="u",
    )


def test_an_open_submission_keeps_its_snapshot_for_a_month(memory_store: ObjectStore) -> None:
    snapshot = make_snapshot(make_step("a"), code=CodeArchive(digest="c0de"))
    ledger = Ledger(memory_store)
    ledger.put_snapshot(snapshot)
    memory_store.put_content(keys.code("c0de"), b"zip")
    ledger.submit(request_of(snapshot))
    assert collect(memory_store, now() + 29 * DAY) == set()
    assert collect(memory_store, now() + 31 * DAY) == {
        ("submissions", "s1"),
        ("snapshots", snapshot.digest),
        ("code", "c0de"),
    }


@pytest.mark.parametrize(("state", "is_kept"), [("active", True), ("paused", True), ("deleted", False)])
def test_a_schedule_keeps_the_snapshots_of_all_its_revisions(
    memory_store: ObjectStore, state: str, is_kept: bool
) -> None:
    ledger = Ledger(memory_store)
    snapshots = [make_snapshot(make_step("a", parameters={"n": number})) for number in range(2)]
    for revision, (snapshot, how) in enumerate(zip(snapshots, ("active", state), strict=True)):
        ledger.put_snapshot(snapshot)
        schedule = DeployedSchedule(
            name="n", pipeline="t", snapshot=snapshot.digest, flavor="test", id="i", state=how
        )
        record = {"schedule": schedule.model_dump(), "submission_id": "s1"}
        memory_store.create(keys.schedule("n", revision), _record(record))
    ledger.submit(request_of(snapshots[0]))
    gone = {name for _, name in collect(memory_store)}
    assert gone == (set() if is_kept else {snapshot.digest for snapshot in snapshots})


def test_expired_entries_of_the_cache_go_with_what_only_they_need(memory_store: ObjectStore) -> None:
    for key, expires in (("old", now() + DAY), ("young", now() + 40 * DAY), ("ever", None)):
        ref = save(memory_store, key)
        fields = {"outputs": {"o": ref.model_dump()}, "expires": expires and expires.isoformat()}
        memory_store.create(f"cache/{key}/0000.json", _record(fields))
    memory_store.create("cache/damaged/0000.json", b"{")
    gone = collect(memory_store)
    assert {name for kind, name in gone if kind == "cache"} == {
        "cache/old/0000.json",
        "cache/damaged/0000.json",
    }
    assert len([name for kind, name in gone if kind == "artifacts"]) == 1


def cached(store: ObjectStore, key: str, *ages: timedelta) -> list[ArtifactRef]:
    """An entry that never expires, whose revisions were made so long ago; what each names."""
    refs = [save(store, f"{key} {revision}") for revision in range(len(ages))]
    for revision, (ref, made) in enumerate(zip(refs, ages, strict=True)):
        fields = {"outputs": {"o": ref.model_dump()}, "made": (now() - made).isoformat(), "expires": None}
        store.create(f"cache/{key}/{revision:04}.json", _record(fields))
    return refs


def test_entries_whose_newest_revision_is_too_old_are_dropped_with_what_only_they_need(
    file_store: ObjectStore,
) -> None:
    old, shared, used = cached(file_store, "old", 50 * DAY, 40 * DAY)[1], "shared 0", "used 0"
    cached(file_store, "shared", 40 * DAY)
    cached(file_store, "used", 50 * DAY, 20 * DAY)
    run(file_store, 1, [shared])
    age(file_store, "", 10 * DAY)
    ledger = Ledger(file_store)
    assert not list(find(ledger, now(), GRACE))
    assert not list(find(ledger, now(), GRACE, 45 * DAY))

    found = list(find(ledger, now(), GRACE, 30 * DAY))
    assert all(delete(file_store, one, now() - GRACE) for one in found)
    names = [one.name for one in found]
    entries = {"cache/old/0000.json", "cache/old/0001.json", "cache/shared/0000.json"}
    assert set(names[:3]) == entries, "before the artifacts, so that nobody comes for these any more"
    assert old.digest in names[3:]
    assert len(names) == 5
    assert outputs_of(file_store, run_id(1), "a") == {"o0": shared}
    assert artifacts.load(file_store, save(file_store, used), str, "u") == used
    assert stored(file_store, "cache") == {"used"}


def test_a_dropped_entry_may_be_young_and_its_artifacts_then_stay(file_store: ObjectStore) -> None:
    (ref,) = cached(file_store, "k", timedelta(minutes=1))
    ledger, moment = Ledger(file_store), now()
    found = list(find(ledger, moment, GRACE, timedelta(0)))
    assert [one.name for one in found] == ["cache/k/0000.json"]
    assert delete(file_store, found[0], moment - GRACE)
    assert artifacts.load(file_store, ref, str, "k") == "k 0"
    age(file_store, "", 2 * DAY)
    assert [one.name for one in find(ledger, moment)] == [ref.digest]


def test_what_a_run_takes_from_an_entry_that_is_being_dropped_stays(file_store: ObjectStore) -> None:
    """Neither the entry nor a record of the run is there in the end: the run has not written it yet."""
    (ref,) = cached(file_store, "k", 40 * DAY)
    age(file_store, "", 40 * DAY)
    moment = now()
    found = list(find(Ledger(file_store), moment, GRACE, 30 * DAY))
    assert [one.kind for one in found] == ["cache", "artifacts"]
    assert artifacts.take(file_store, ref.digest)
    assert [delete(file_store, one, moment - GRACE) for one in found] == [True, False]
    assert artifacts.load(file_store, ref, str, "k") == "k 0"


@pytest.mark.parametrize(
    ("key", "data", "error", "sentence"),
    [
        (
            "runs/{run}/steps/a-1/result.json",
            b"{",
            DamagedObject,
            r"runs/.*/result.json: it is damaged, and no ",
        ),
        (
            "runs/{run}/steps/a-1/result.json",
            b'{"major":2}',
            RecordTooNew,
            r"runs/.*: it was written by a newer",
        ),
        ("submissions/s/request.json", b"{}", DamagedObject, r"submissions/s/request.json: it is damaged"),
        ("schedules/n/0000.json", b"{}", DamagedObject, r"schedules/n/0000.json: it is damaged, and no "),
        ("cache/k/0000.json", b'{"major":2}', RecordTooNew, r"cache/k/0000.json: it was written by a newer"),
        (
            "results/x.json",
            b"",
            RecordTooNew,
            r".*: it holds results/, which this Skylift does not know\. Upgr",
        ),
    ],
)
def test_a_record_that_cannot_be_read_stops_everything(
    memory_store: ObjectStore, key: str, data: bytes, error: type[Exception], sentence: str
) -> None:
    run(memory_store, 1, [1])
    save(memory_store, 2)
    memory_store.create(key.format(run=run_id(1)), data)
    before = memory_store.list("")
    with pytest.raises(error, match=f"^{sentence}"):
        list(find(Ledger(memory_store), now() + 2 * DAY))
    assert memory_store.list("") == before


def test_a_run_whose_record_or_snapshot_is_missing_stops_everything(memory_store: ObjectStore) -> None:
    snapshot = run(memory_store, 1, [1])
    memory_store.delete([keys.snapshot(snapshot.digest)])
    with pytest.raises(
        DamagedObject, match=r"so what it needs is not known\. Restore it, or delete what is of"
    ):
        list(find(Ledger(memory_store), now() + LATER))
    memory_store.delete([keys.run(run_id(1))])
    sentence = rf"so what its run needs is not known\. .*: skylift runs delete {run_id(1)}\.$"
    with pytest.raises(DamagedObject, match=sentence.replace(r"\.$", "$")):
        list(find(Ledger(memory_store), now() + LATER))


def test_what_a_deletion_left_behind_goes(memory_store: ObjectStore) -> None:
    run(memory_store, 1, [1])
    index = memory_store.list(keys.INDEX)
    memory_store.delete([*index, keys.run(run_id(1))])
    assert {kind for kind, _ in collect(memory_store)} == {"runs", "artifacts", "snapshots"}
    assert memory_store.list("") == []
