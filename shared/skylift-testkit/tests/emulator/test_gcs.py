"""Skylift's own store on it: what object_store asks for is all there is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from skylift.store.location import open_store
from skylift.store.objects import ObjectStore
from skylift_contract.errors import StoreError
from skylift_testkit.emulator.gcs import GcsXml


@pytest.fixture
def server() -> Iterator[GcsXml]:
    with GcsXml("bucket", page_size=3) as made:
        yield made


@pytest.fixture
def store(server: GcsXml, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
    return open_store("gs://bucket/own")


def test_what_is_written_is_read(store: ObjectStore) -> None:
    store.create("a/b,c=d@e.json", b"one")
    assert store.get("a/b,c=d@e.json") == b"one"


def test_a_name_is_given_once(store: ObjectStore) -> None:
    first = store.create("a", b"one")
    again = store.create("a", b"two")
    assert (first == again, store.get("a")) == (False, b"one")


def test_a_listing_is_whole_over_its_pages(store: ObjectStore) -> None:
    names = {f"a/{number:02}" for number in range(10)} | {"b"}
    for name in names:
        store.create(name, b"")
    assert set(store.list("a")) == names - {"b"}


def test_a_bucket_that_is_not_there_is_an_error(store: ObjectStore) -> None:
    with pytest.raises(StoreError):
        open_store("gs://lost/own").get("a")


def test_what_is_written_again_is_another_generation_of_now(server: GcsXml) -> None:
    found = [_put(f"{server.url}/bucket/a") for _ in range(2)]
    assert int(found[0]["x-goog-generation"]) < int(found[1]["x-goog-generation"])
    assert datetime.now(UTC) - parsedate_to_datetime(found[0]["Last-Modified"]) < timedelta(minutes=1)


@pytest.mark.parametrize(("method", "query"), [("PUT", "partNumber=1&uploadId=x"), ("POST", "uploadId=x")])
def test_an_upload_that_nobody_began_is_not_found(server: GcsXml, method: str, query: str) -> None:
    asked = Request(f"{server.url}/bucket/a?{query}", b"one", method=method)
    with pytest.raises(HTTPError, match="404"):
        urlopen(asked)


def _put(url: str) -> dict[str, str]:
    with urlopen(Request(url, b"one", method="PUT")) as answer:
        return dict(answer.headers)
