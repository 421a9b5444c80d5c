"""Skylift's own store on it: what object_store asks for is all there is."""

from __future__ import annotations

import pytest

from skylift.store.location import open_store
from skylift.store.objects import ObjectStore
from skylift_contract.errors import StoreError
from skylift_vertex.emulator import VertexEmulator


@pytest.fixture
def store(emulator: VertexEmulator, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    emulator.storage.make_bucket("bucket")
    for name, value in emulator.variables().items():
        monkeypatch.setenv(name, value)
    return open_store("gs://bucket/own")


def test_what_is_written_is_read(store: ObjectStore) -> None:
    store.create("a/b,c=d@e.json", b"one")
    assert store.get("a/b,c=d@e.json") == b"one"


def test_a_name_is_given_once(store: ObjectStore) -> None:
    first = store.create("a", b"one")
    again = store.create("a", b"two")
    assert (first == again, store.get("a")) == (False, b"one")


def test_a_listing_is_whole_over_its_pages(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skylift_vertex.emulator.storage.PAGE", 3)
    names = {f"a/{number:02}" for number in range(10)} | {"b"}
    for name in names:
        store.create(name, b"")
    assert set(store.list("a")) == names - {"b"}


def test_a_bucket_that_is_not_there_is_an_error(store: ObjectStore) -> None:
    with pytest.raises(StoreError):
        open_store("gs://lost/own").get("a")
