"""What obstore does with answers that are lost on the wire, and how many requests things take."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from skylift_tests_support.stores import BUCKET, S3_OPTIONS, SHORT

from skylift.store.location import open_store
from skylift.store.objects import PAGE, SINGLE_PUT_LIMIT, Creation, ObjectStore, Outcome
from skylift_contract.errors import StoreUnavailable
from skylift_testkit.emulator.gcs import GcsXml, HttpFault

if TYPE_CHECKING:
    from pathlib import Path

KEY = "runs/r/run.json"
OBJECT = f"{BUCKET}/skylift/1/{KEY}"


@pytest.fixture
def gcs(gcs_server: GcsXml, clean_environment: None) -> ObjectStore:
    options = SHORT | {"endpoint": gcs_server.url, "request_timeout_s": "0.5"}
    return open_store(f"gs://{BUCKET}", options)


@pytest.mark.parametrize(
    ("fault", "outcome", "requests"),
    [
        (HttpFault.FAIL_500, Outcome.CREATED, ["GET", "PUT", "PUT"]),
        (HttpFault.STORE_THEN_500, Outcome.MINE, ["GET", "PUT", "PUT", "GET"]),
        (HttpFault.STORE_THEN_CLOSE, Outcome.MINE, ["GET", "PUT", "PUT", "GET"]),
        (HttpFault.STORE_THEN_HANG, Outcome.MINE, ["GET", "PUT", "GET"]),
        (HttpFault.CONFLICT_409, Outcome.CREATED, ["GET", "PUT", "GET", "PUT"]),
    ],
)
def test_create_when_the_wire_fails(
    gcs_server: GcsXml, gcs: ObjectStore, fault: HttpFault, outcome: Outcome, requests: list[str]
) -> None:
    gcs_server.faults.append(fault)
    assert gcs.create(KEY, b"mine") == Creation(outcome, b"mine")
    assert gcs_server.requests == [f"{method} {OBJECT}" for method in requests]
    assert gcs_server.buckets[BUCKET].objects[f"skylift/1/{KEY}"][0] == b"mine"


@pytest.mark.parametrize("fault", HttpFault)
def test_content_when_the_wire_fails(gcs_server: GcsXml, gcs: ObjectStore, fault: HttpFault) -> None:
    gcs_server.faults.append(fault)
    gcs.put_content("artifacts/d", b"content")
    assert gcs.get("artifacts/d") == b"content"


def test_a_part_that_fails_is_sent_again(gcs_server: GcsXml, gcs: ObjectStore) -> None:
    gcs_server.faults.append(HttpFault.FAIL_500)
    data = bytes(range(256)) * (SINGLE_PUT_LIMIT // 128)
    gcs.put_content("artifacts/d", data)
    assert gcs.get("artifacts/d") == data
    assert gcs_server.buckets[BUCKET].uploads == {}
    parts = [request for request in gcs_server.requests if request.startswith("PUT")]
    assert len(parts) == 3  # two, and one of them again


def test_a_record_that_stands_costs_no_write_on_gcs(gcs_server: GcsXml, gcs: ObjectStore) -> None:
    gcs.create(KEY, b"mine")
    gcs.put_content("artifacts/d", b"content")
    gcs_server.requests.clear()
    assert gcs.create(KEY, b"other").outcome is Outcome.OTHERS
    gcs.put_content("artifacts/d", b"content")
    assert gcs_server.requests == [f"GET {OBJECT}", f"HEAD {BUCKET}/skylift/1/artifacts/d"]


@pytest.mark.parametrize(("limit", "pages"), [(1, 1), (3, 1), (4, 2), (None, 4)])
def test_listing_asks_for_no_more_pages_than_it_must(
    clean_environment: None, limit: int | None, pages: int
) -> None:
    with GcsXml(BUCKET, page_size=3) as server:
        store = open_store(f"gs://{BUCKET}", SHORT | {"endpoint": server.url})
        keys = [f"index/{number:03}" for number in range(11)]
        for key in keys:
            store.create(key, b"")
        server.requests.clear()
        assert store.list("index", limit=limit) == keys[:limit]
        assert server.requests == [f"GET {BUCKET}/"] * pages
        server.requests.clear()
        assert store.list("index", after=keys[-2]) == keys[-1:]
        assert server.requests == [f"GET {BUCKET}/"]


def test_listings_longer_than_a_page(s3_store: ObjectStore, file_store: ObjectStore) -> None:
    keys = [f"index/{number:05}" for number in range(PAGE + 5)]
    for key in keys:
        file_store.create(key, b"")
    assert file_store.list("index") == keys
    assert file_store.list("index", after=keys[PAGE - 2], limit=3) == keys[PAGE - 1 : PAGE + 2]
    for key in keys[:5]:
        s3_store.create(key, b"")
    s3_store.delete(keys)  # more than one request takes
    assert s3_store.list("") == []


def test_a_download_that_breaks_off_leaves_no_file(
    gcs_server: GcsXml, gcs: ObjectStore, tmp_path: Path
) -> None:
    gcs.create(KEY, b"mine")
    options = SHORT | {"endpoint": gcs_server.url, "retry_timeout_s": "0.2"}
    impatient = open_store(f"gs://{BUCKET}", options)
    gcs_server.denial = (503, "SlowDown")
    with pytest.raises(
        StoreUnavailable, match=rf"it answered 503 to every try of reading {KEY} \(SlowDown\)"
    ):
        impatient.get_file(KEY, tmp_path / "copy")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_key_costs_a_look_at_the_bucket_once(gcs_server: GcsXml, gcs: ObjectStore) -> None:
    assert not gcs.exists(KEY)
    assert not gcs.exists(KEY)
    assert [request.split()[0] for request in gcs_server.requests] == ["HEAD", "GET", "HEAD"]


def test_keys_stand_under_the_layouts_version(gcs_server: GcsXml, clean_environment: None) -> None:
    store = open_store(f"gs://{BUCKET}/team/ml", SHORT | {"endpoint": gcs_server.url})
    store.create(KEY, b"")
    assert list(gcs_server.buckets[BUCKET].objects) == [f"team/ml/skylift/1/{KEY}"]
    assert store.list("runs") == [KEY]


def test_stores_in_one_bucket_do_not_see_each_other(s3_server: str, clean_environment: None) -> None:
    first, second = (
        open_store(f"s3://{BUCKET}/shared/{name}", S3_OPTIONS | {"endpoint": s3_server})
        for name in ("a", "ab")
    )
    first.create(KEY, b"first")
    assert second.get(KEY) is None
    assert second.list("") == []


RACER = """
import sys
from skylift.store.location import open_store
store = open_store(sys.argv[1])
store.exists("warm")
print("ready", flush=True)
sys.stdin.readline()
print(store.create("runs/r/run.json", sys.argv[2].encode()).outcome.name)
"""


def test_of_many_processes_one_creates(file_store: ObjectStore) -> None:
    file_store.create("warm", b"")
    command = [sys.executable, "-c", RACER, file_store.uri]
    racers = [
        subprocess.Popen([*command, str(n)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for n in range(8)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    outcomes = [racer.communicate("go\n")[0].strip() for racer in racers]
    assert sorted(outcomes) == ["CREATED"] + ["OTHERS"] * 7
    winner = outcomes.index("CREATED")
    assert file_store.get(KEY) == str(winner).encode()
