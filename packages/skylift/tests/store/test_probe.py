from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from skylift_tests_support.faults import Fault, FaultyTransport, always, at, faulty_store

from skylift.store.objects import ObjectStore
from skylift_contract.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Overwriting(FaultyTransport):
    """A store that knows nothing of If-None-Match."""

    def put_new(self, key: str, data: bytes) -> None:
        self.inner.upload(key, data)


class Blind(FaultyTransport):
    """A store whose listings lag behind."""

    def pages(self, folder: str, after: str | None, size: int) -> Iterator[Sequence[str]]:
        return iter([])


class OtherAnswer(FaultyTransport):
    """A store that says "exists" to a second writer and keeps what it wrote."""

    def put_new(self, key: str, data: bytes) -> None:
        try:
            self.inner.put_new(key, data)
        except Exception:
            self.inner.upload(key, data)
            raise


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (Overwriting, r"it replaced an object that was to be created once only\. Use a store that honours "),
        (OtherAnswer, r"it replaced an object that was to be created once only\. Use a store that honours "),
        (Blind, r"an object that was written is not in its listing\. Use a store whose listings are consist"),
    ],
)
def test_what_cannot_be_relied_on_is_found(
    memory_store: ObjectStore, kind: type[FaultyTransport], sentence: str
) -> None:
    store = ObjectStore(memory_store.uri, kind(memory_store.transport))
    with pytest.raises(StoreUnavailable, match=f"^store {store.uri}: {sentence}"):
        store.probe()
    assert memory_store.list("") == []


def test_a_store_that_cannot_be_written_is_said_to_be() -> None:
    store, _ = faulty_store(always("put_new", Fault.LOST_BEFORE))
    with pytest.raises(StoreUnavailable, match=r"^store faulty: the connection broke\. Try again\.$"):
        store.probe()


def test_a_store_that_keeps_everything_is_good_enough(memory_store: ObjectStore) -> None:
    store, transport = faulty_store(always("delete", Fault.LOST_BEFORE), over=memory_store)
    store.probe()
    assert [call.operation for call in transport.calls] == [
        "prepare",
        "put_new",
        "put_new",
        "get",
        "pages",
        "delete",
    ]
    assert len(memory_store.list("probe")) == 1


def test_a_first_answer_that_was_lost_does_not_count(memory_store: ObjectStore) -> None:
    store, _ = faulty_store(at(1, Fault.REPEATED), over=memory_store)
    store.probe()
