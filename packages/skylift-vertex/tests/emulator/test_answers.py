from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift_testkit.emulator.server import Refusal
from skylift_vertex.emulator.answers import matches, page

FIELDS = {
    "state": "RUNNING",
    "create_time": "2026-01-02T03:04:05.5Z",
    "end_time": "",
    "labels.a": "b",
    "labels.a.c": "d",
}


@pytest.mark.parametrize(
    ("text", "is_meant"),
    [
        ("", True),
        ('state="RUNNING"', True),
        ("state=RUNNING AND labels.a=b", True),
        ('state!="RUNNING"', False),
        ('labels.none="x"', False),
        ('labels.none!="x"', True),
        ('end_time<"2030-01-01T00:00:00Z"', False),
        ('labels.a.b="c"', False),
        ('labels.a.c="d" AND state="RUNNING"', True),
        ('create_time>="2026-01-02T03:04:05Z"', True),
        ('create_time<"2026-01-02T03:04:05Z"', False),
        ('create_time>"2026-01-02T04:00:00+01:00"', True),
    ],
)
def test_filters(text: str, is_meant: bool) -> None:
    assert matches(text, FIELDS) is is_meant


@pytest.mark.parametrize("text", ["state", "state~x", 'colour="red"', "a OR b"])
def test_filters_that_are_none(text: str) -> None:
    with pytest.raises(Refusal, match="Invalid filter"):
        matches(text, FIELDS)


@given(st.integers(0, 20), st.integers(1, 7))
def test_pages_follow_each_other_without_a_gap(count: int, size: int) -> None:
    told, query, found = [{"n": n} for n in range(count)], {"pageSize": str(size)}, []
    while True:
        body = page(told, query, "things").body
        found += body["things"]
        if "nextPageToken" not in body:
            break
        query["pageToken"] = body["nextPageToken"]
    assert found == told
