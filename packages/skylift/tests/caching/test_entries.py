"""Entries of the cache: which of a row is taken, and what writers of one key do to each other."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from skylift_tests_support.stored_files import age

from skylift import artifacts
from skylift.caching.entries import Lookup, Wanted, is_expired, look_for, look_up, remember
from skylift.caching.key import KeyParts
from skylift.ledger import keys
from skylift.ledger.records import CacheRecord, Miss, Origin, ResultRecord
from skylift.store.location import open_store
from skylift_contract.settings import CachePolicy
from skylift_contract.snapshot import ArtifactRef

if TYPE_CHECKING:
    from skylift.store.objects import ObjectStore

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
PARTS = KeyParts(step="train", occurrence=0, outputs="o")
WANTED = Wanted(PARTS, CachePolicy())
GONE = ArtifactRef(digest="0" * 64, type="builtins:int", materializer="json", size=1)


def entry(
    store: ObjectStore,
    revision: int,
    *,
    run: str = "r",
    gone: bool = False,
    damaged: bool = False,
    **fields: object,
) -> None:
    ref = GONE if gone else artifacts.save(store, revision, int, "test")
    if damaged:
        (manifest,) = store.list(keys.artifact(ref.digest))
        whole = store.get(manifest) or b""
        store.delete([manifest])
        store.create(manifest, whole[:-1])
    record = CacheRecord(
        parts=PARTS,
        origin=Origin(run_id=run, invocation_id="train"),
        outputs={"output": ref},
        made=NOON - timedelta(hours=1),
    )
    data = json.loads(record.to_bytes()) | fields
    store.create(keys.cache(PARTS.key, revision), json.dumps(data).encode())


KINDS = {
    "good": None,
    "expired": Miss.EXPIRED,
    "gone": Miss.DAMAGED,
    "damaged": Miss.DAMAGED,
    "newer": Miss.DAMAGED,
    "broken": Miss.DAMAGED,
    "own": Miss.NOTHING,
}


def write(store: ObjectStore, kind: str, revision: int) -> None:
    match kind:
        case "expired":
            entry(store, revision, expires=NOON.isoformat())
        case "newer":
            entry(store, revision, major=2)
        case "broken":
            store.create(keys.cache(PARTS.key, revision), b"{")
        case _:
            entry(
                store,
                revision,
                run="mine" if kind == "own" else "r",
                gone=kind == "gone",
                damaged=kind == "damaged",
            )


@given(st.lists(st.sampled_from(list(KINDS)), max_size=5))
def test_the_highest_that_is_valid_is_taken(kinds: list[str]) -> None:
    store = open_store(f"memory://{id(kinds)}-{len(kinds)}")
    store.delete([*store.list(keys.cache_folder(PARTS.key)), *store.list("artifacts/")])
    for revision, kind in enumerate(kinds):
        write(store, kind, revision)

    looked = look_for(store, Wanted(PARTS, CachePolicy(), "mine"), NOON)

    good = [revision for revision, kind in enumerate(kinds) if kind == "good"]
    assert looked.revision == len(kinds)
    if good:
        assert looked.found is not None
        assert artifacts.load(store, looked.found.outputs["output"], int, "test") == good[-1]
    else:
        assert looked.found is None
        assert looked.miss is (KINDS[kinds[-1]] if kinds else Miss.NOTHING)


def test_what_else_lies_in_the_folder_is_passed_over(memory_store: ObjectStore) -> None:
    entry(memory_store, 0)
    memory_store.create(f"{keys.cache_folder(PARTS.key)}note.txt", b"?")
    assert look_for(memory_store, WANTED).found is not None


def test_entries_without_outputs_are_entries(memory_store: ObjectStore) -> None:
    entry(memory_store, 0, outputs={})
    assert look_for(memory_store, WANTED).found is not None


@pytest.mark.parametrize(
    ("expires", "after", "expired"),
    [
        (None, None, False),
        (NOON + timedelta(microseconds=1), None, False),
        (NOON, None, True),
        (None, timedelta(hours=1, microseconds=1), False),
        (None, timedelta(hours=1), True),
        (NOON + timedelta(days=1), timedelta(minutes=1), True),
        (NOON, timedelta(days=1), True),
    ],
)
def test_the_shorter_of_both_times_counts(
    expires: datetime | None, after: timedelta | None, expired: bool
) -> None:
    record = CacheRecord(
        parts=PARTS,
        origin=Origin(run_id="r", invocation_id="train"),
        made=NOON - timedelta(hours=1),
        expires=expires,
    )
    assert is_expired(record, CachePolicy(expires_after=after), NOON) is expired


def result(store: ObjectStore, value: int) -> ResultRecord:
    outputs = {"output": artifacts.save(store, value, int, "test")}
    return ResultRecord(invocation_id="train", attempt=1, outputs=outputs, started=NOON, ended=NOON)


def test_an_entry_says_when_it_expires_and_where_it_is_from(memory_store: ObjectStore) -> None:
    wanted = Wanted(PARTS, CachePolicy(expires_after=timedelta(hours=2)))
    remember(memory_store, look_for(memory_store, wanted), "run", result(memory_store, 3))

    found = look_for(memory_store, wanted, NOON + timedelta(hours=1)).found
    assert found is not None
    assert (found.origin.run_id, found.origin.invocation_id) == ("run", "train")
    assert (found.parts, found.expires) == (PARTS, NOON + timedelta(hours=2))
    assert look_for(memory_store, wanted, NOON + timedelta(hours=2)).miss is Miss.EXPIRED


def test_without_a_key_nothing_is_stored(memory_store: ObjectStore) -> None:
    remember(memory_store, Lookup(None, Miss.OFF), "run", result(memory_store, 3))
    assert memory_store.list("cache/") == []


def test_writers_of_one_key_at_once_all_have_their_revision(file_store: ObjectStore) -> None:
    writers = 8
    looked, together = look_for(file_store, WANTED), Barrier(writers)

    def store(number: int) -> None:
        made = result(file_store, number)
        together.wait()
        remember(file_store, looked, f"run {number}", made)

    with ThreadPoolExecutor(writers) as threads:
        list(threads.map(store, range(writers)))

    again = look_for(file_store, WANTED)
    assert again.revision == writers
    assert again.found is not None
    value = artifacts.load(file_store, again.found.outputs["output"], int, "test")
    assert again.found.origin.run_id == f"run {value}", "an entry is one writer's, whole"


def test_several_at_once_at_a_service(s3_store: ObjectStore) -> None:
    entry(s3_store, 0)
    others = {f"other {number}": KeyParts(step=str(number), occurrence=0, outputs="o") for number in range(9)}
    wanted = {name: Wanted(parts, CachePolicy()) for name, parts in {**others, "train": PARTS}.items()}
    found = look_up(s3_store, wanted)
    assert list(found) == list(wanted)
    assert [name for name, looked in found.items() if looked.found] == ["train"]
    assert look_up(s3_store, {}) == {}


def test_what_is_taken_is_young_again(file_store: ObjectStore) -> None:
    """So that gc leaves it until a record of the run that took it names it."""
    entry(file_store, 0)
    age(file_store, "", timedelta(days=40))
    found = look_for(file_store, WANTED).found
    assert found is not None
    (key,) = (key for key in file_store.list("artifacts") if key.endswith(artifacts.RECORD))
    assert file_store.has_fresh(key)
