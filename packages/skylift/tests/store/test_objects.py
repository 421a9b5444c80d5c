"""The interface, on every store; and `create` under every fault."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from skylift_tests_support.faults import Call, Fault, FaultyTransport, always, at, faulty_store, nth

from skylift.store.location import open_store
from skylift.store.objects import SINGLE_PUT_LIMIT, Creation, ObjectStore, Outcome
from skylift.store.transport import OutcomeUnknown
from skylift_contract.errors import StoreError, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

KEYS = ["a/1.json", "a/2.json", "a/b/3.json", "a-b/4.json", "ab/5.json", "c.json"]


def test_create_says_whose_record_stands(any_store: ObjectStore) -> None:
    assert any_store.create("runs/r/run.json", b"mine") == Creation(Outcome.CREATED, b"mine")
    assert any_store.create("runs/r/run.json", b"mine") == Creation(Outcome.MINE, b"mine")
    assert any_store.create("runs/r/run.json", b"other") == Creation(Outcome.OTHERS, b"mine")
    assert any_store.get("runs/r/run.json") == b"mine"


def test_what_is_not_there(any_store: ObjectStore, tmp_path: Path) -> None:
    assert any_store.get("nothing/here") is None
    assert not any_store.exists("nothing/here")
    assert not any_store.get_file("nothing/here", tmp_path / "file")
    assert list(tmp_path.glob("*file*")) == []
    assert any_store.list("") == []
    any_store.delete(["nothing/here", "nor/here"])
    any_store.delete([])


def test_an_empty_object(any_store: ObjectStore, tmp_path: Path) -> None:
    assert any_store.create("index/1", b"").outcome is Outcome.CREATED
    assert any_store.create("index/1", b"").outcome is Outcome.MINE
    assert any_store.get("index/1") == b""
    assert any_store.exists("index/1")
    assert any_store.get_file("index/1", tmp_path / "empty")
    assert (tmp_path / "empty").read_bytes() == b""


def test_listings_are_sorted_and_by_folder(any_store: ObjectStore) -> None:
    for key in reversed(KEYS):
        any_store.create(key, key.encode())
    assert any_store.list("") == sorted(KEYS)
    assert any_store.list("a") == any_store.list("a/") == ["a/1.json", "a/2.json", "a/b/3.json"]
    assert any_store.list("c.json") == []
    assert any_store.list("a", after="a/1.json", limit=1) == ["a/2.json"]
    assert any_store.list("", after="a-b/4.json") == [
        "a/1.json",
        "a/2.json",
        "a/b/3.json",
        "ab/5.json",
        "c.json",
    ]
    assert any_store.list("a", after="a/10") == ["a/2.json", "a/b/3.json"]
    assert any_store.list("", limit=0) == []
    assert any_store.list("", limit=100) == sorted(KEYS)


class IgnoringAfter(FaultyTransport):
    """A service too old for the parameter: Azure before startFrom."""

    def pages(self, folder: str, after: str | None, size: int) -> Iterator[Sequence[str]]:
        return self.inner.pages(folder, None, size)


def test_listings_go_on_after_a_key_where_the_service_does_not(memory_store: ObjectStore) -> None:
    for number in range(9):
        memory_store.create(f"index/{number}", b"")
    store = ObjectStore(memory_store.uri, IgnoringAfter(memory_store.transport))
    assert store.list("index", after="index/3", limit=2) == ["index/4", "index/5"]


def test_delete(any_store: ObjectStore) -> None:
    for key in KEYS:
        any_store.create(key, b"x")
    any_store.delete(["a/1.json", "not/there", "ab/5.json"])
    assert any_store.list("") == ["a-b/4.json", "a/2.json", "a/b/3.json", "c.json"]
    assert any_store.create("a/1.json", b"again").outcome is Outcome.CREATED


def test_nothing_is_beneath_an_object(any_store: ObjectStore, tmp_path: Path) -> None:
    any_store.create("a", b"x")
    assert any_store.get("a/b") is None
    assert not any_store.exists("a/b")
    assert not any_store.get_file("a/b", tmp_path / "copy")
    assert any_store.list("a") == any_store.list("a/b") == []
    any_store.delete(["a/b"])
    assert any_store.get("a") == b"x"


def test_content_may_be_there_already(any_store: ObjectStore, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.write_bytes(b"content")
    any_store.put_content("artifacts/d1/data", small)
    any_store.put_content("artifacts/d1/data", b"content")
    assert any_store.get("artifacts/d1/data") == b"content"


def test_a_large_file_there_and_back(any_store: ObjectStore, tmp_path: Path) -> None:
    large, copy = tmp_path / "large", tmp_path / "copy"
    large.write_bytes(os.urandom(1_000_003) * 30)
    for _ in range(2):
        any_store.put_content("artifacts/d2/data", large)
    assert any_store.get_file("artifacts/d2/data", copy)
    assert copy.read_bytes() == large.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["copy", "large"]


def test_get_file_replaces_what_was_there(memory_store: ObjectStore, tmp_path: Path) -> None:
    memory_store.create("k", b"new")
    (tmp_path / "file").write_bytes(b"old")
    assert memory_store.get_file("k", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"new"


def test_get_file_that_breaks_leaves_nothing(tmp_path: Path) -> None:
    store, _ = faulty_store(always("download", Fault.LOST_BEFORE))
    with pytest.raises(StoreUnavailable, match=r"^store faulty: the connection broke\. Try again\.$"):
        store.get_file("k", tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_the_store_probes_well(any_store: ObjectStore) -> None:
    any_store.probe()
    assert any_store.list("") == []


def test_of_many_creators_one_wins(any_store: ObjectStore) -> None:
    writers = 24
    ready = threading.Barrier(writers)

    def race(number: int) -> Creation:
        ready.wait()
        return any_store.create("runs/r/run.json", f"writer {number}".encode())

    with ThreadPoolExecutor(writers) as pool:
        creations = list(pool.map(race, range(writers)))
    winners = [creation for creation in creations if creation.outcome is Outcome.CREATED]
    assert len(winners) == 1
    assert {creation.data for creation in creations} == {winners[0].data}
    assert [c.outcome for c in creations].count(Outcome.OTHERS) == writers - 1


def test_keys_are_checked_by_every_method(memory_store: ObjectStore, tmp_path: Path) -> None:
    for call in (
        lambda: memory_store.create("../x", b""),
        lambda: memory_store.put_content("../x", b""),
        lambda: memory_store.get("../x"),
        lambda: memory_store.get_file("../x", tmp_path / "f"),
        lambda: memory_store.exists("../x"),
        lambda: memory_store.list("../x"),
        lambda: memory_store.list("", after="../x"),
        lambda: memory_store.delete(["../x"]),
    ):
        with pytest.raises(StoreError, match=r"^object store: a key is made of segments"):
            call()


PLAIN_KEYS = st.text("ab0", min_size=1, max_size=3) | st.from_regex(
    r"[ab](-[ab0])?(/[ab0-]{1,2}){0,2}", fullmatch=True
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    keys=st.sets(PLAIN_KEYS, max_size=8),
    prefix=st.just("") | PLAIN_KEYS,
    after=st.none() | PLAIN_KEYS,
    limit=st.none() | st.integers(0, 5),
)
def test_listings_agree_with_a_model(
    tmp_path: Path, keys: set[str], prefix: str, after: str | None, limit: int | None
) -> None:
    folders = {"/".join(key.split("/")[:n]) for key in keys for n in range(1, key.count("/") + 1)}
    kept = keys - folders  # a file system has no room for a file where a folder is
    memory = open_store(f"memory://{uuid4().hex}")
    file = open_store(f"file://{tmp_path}/{uuid4().hex}")
    beneath = sorted(k for k in kept if not prefix or k.startswith(f"{prefix}/"))
    expected = [k for k in beneath if after is None or k > after][:limit]
    for store in (memory, file):
        for key in kept:
            store.create(key, b"")
        assert store.list(prefix, after=after, limit=limit) == expected


KEY, DATA = "runs/r/run.json", b"record of mine"


@pytest.mark.parametrize(
    ("fault", "outcome", "calls"),
    [
        (Fault.LOST_BEFORE, Outcome.CREATED, ["put_new", "get", "put_new"]),
        (Fault.LOST_AFTER, Outcome.MINE, ["put_new", "get"]),
        (Fault.CONFLICT, Outcome.CREATED, ["put_new", "get", "put_new"]),
        (Fault.REPEATED, Outcome.MINE, ["put_new", "get"]),
    ],
)
def test_create_under_each_fault(fault: Fault, outcome: Outcome, calls: list[str]) -> None:
    store, transport = faulty_store(at(0, fault))
    assert store.create(KEY, DATA) == Creation(outcome, DATA)
    assert transport.inner.get(KEY) == DATA
    assert transport.calls == [Call(operation, KEY) for operation in calls]


@pytest.mark.parametrize("fault", [Fault.LOST_BEFORE, Fault.LOST_AFTER, Fault.CONFLICT, Fault.REPEATED])
def test_create_under_each_fault_when_another_was_first(fault: Fault) -> None:
    store, transport = faulty_store(at(0, fault))
    transport.inner.put_new(KEY, b"another's")
    if fault in {Fault.LOST_AFTER, Fault.REPEATED}:
        fault = Fault.LOST_BEFORE  # it cannot take effect
        transport.plan = at(0, fault)
    assert store.create(KEY, DATA) == Creation(Outcome.OTHERS, b"another's")
    assert transport.inner.get(KEY) == b"another's"


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(Fault.LOST_BEFORE, "the connection broke"), (Fault.CONFLICT, "it says that the key is taken")],
)
def test_create_gives_up_and_says_what_is_known(fault: Fault, reason: str) -> None:
    store, transport = faulty_store(always("put_new", fault))
    sentence = (
        rf"^store {store.uri}: whether {KEY} was written is not known: {reason}, and nothing could be read "
        r"there\. Try again: a record that was written after all is recognised as one's own\.$"
    )
    with pytest.raises(OutcomeUnknown, match=sentence):
        store.create(KEY, DATA)
    assert [call.operation for call in transport.calls] == ["put_new", "get"] * 4


def test_create_whose_reading_back_fails_may_be_repeated() -> None:
    store, transport = faulty_store(
        lambda _, call: {"put_new": Fault.LOST_AFTER, "get": Fault.LOST_BEFORE}[call.operation]
    )
    with pytest.raises(OutcomeUnknown, match=rf"whether {KEY} was written is not known"):
        store.create(KEY, DATA)
    transport.plan = at(-1, Fault.CONFLICT)
    assert store.create(KEY, DATA).outcome is Outcome.MINE


def test_a_late_write_is_still_recognised() -> None:
    """The lost request arrives after the read that looked for it."""
    store, transport = faulty_store(nth("put_new", 0, Fault.LOST_BEFORE))
    lost = transport.plan

    def plan(index: int, call: Call) -> Fault | None:
        if call.operation == "put_new" and index > 0:
            transport.inner.put_new(KEY, DATA)
        return lost(index, call)

    transport.plan = plan
    assert store.create(KEY, DATA) == Creation(Outcome.MINE, DATA)


@pytest.mark.parametrize("fault", [Fault.LOST_BEFORE, Fault.LOST_AFTER, Fault.CONFLICT, Fault.REPEATED])
def test_small_content_under_each_fault(fault: Fault) -> None:
    store, transport = faulty_store(at(0, fault))
    store.put_content("artifacts/d", b"content")
    assert transport.inner.get("artifacts/d") == b"content"


@pytest.mark.parametrize("fault", [Fault.LOST_BEFORE, Fault.LOST_AFTER])
def test_large_content_under_each_fault(fault: Fault) -> None:
    store, transport = faulty_store(nth("upload", 0, fault))
    data = bytes(SINGLE_PUT_LIMIT + 1)
    store.put_content("artifacts/d", data)
    assert transport.inner.get("artifacts/d") == data


def test_content_is_sent_once_and_large_content_asked_for_first() -> None:
    store, transport = faulty_store()
    large = bytes(SINGLE_PUT_LIMIT + 1)
    for _ in range(2):
        store.put_content("artifacts/small", large[:-1])
        store.put_content("artifacts/large", large)
    assert [call.operation for call in transport.calls] == [
        *("put_new", "head", "upload"),
        *("put_new", "head", "head"),
    ]


def test_content_from_a_file_that_is_not_there(memory_store: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        memory_store.put_content("artifacts/d", tmp_path / "missing")


def test_many_are_read_in_the_order_of_their_keys(any_store: ObjectStore) -> None:
    for number in range(0, 40, 2):
        any_store.put_content(f"many/{number}", str(number).encode())
    found = list(any_store.get_many(f"many/{number}" for number in range(40)))
    assert found == [str(number).encode() if number % 2 == 0 else None for number in range(40)]
    assert list(any_store.get_many([])) == []
