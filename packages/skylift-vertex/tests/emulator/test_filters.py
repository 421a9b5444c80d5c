from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift_testkit.emulator.server import Refusal
from skylift_vertex.emulator.filters import matching, page

ITEMS = [
    {"name": "a", "labels": {"skylift_project": "p"}, "createTime": "2030-01-01T00:00:00Z"},
    {"name": "b", "labels": {"skylift_project": "q"}, "createTime": "2030-01-02T00:00:00.5Z"},
    {"name": "c", "displayName": "d", "createTime": "2030-01-03T00:00:00Z"},
]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", "abc"),
        ('labels.skylift_project="p"', "a"),
        ('labels.skylift_project!="p"', "bc"),
        ('create_time>="2030-01-02T00:00:00Z"', "bc"),
        ('create_time<"2030-01-02T00:00:00Z"', "a"),
        ('display_name="d"', "c"),
        ('labels.skylift_project="q" AND create_time>"2030-01-02T00:00:00Z"', "b"),
        ('labels.skylift_project="q" AND display_name="d"', ""),
    ],
)
def test_a_filter_lets_through_what_it_says(asked: str, found: str) -> None:
    assert "".join(str(one["name"]) for one in matching(ITEMS, asked)) == found


@pytest.mark.parametrize("asked", ["name", "name=a", 'name="a" OR name="b"', 'a AND name="b"'])
def test_what_is_no_filter_is_refused(asked: str) -> None:
    with pytest.raises(Refusal, match=r"^400 INVALID_ARGUMENT: Invalid filter: "):
        matching(ITEMS, asked)


@given(st.integers(0, 20), st.integers(1, 7))
def test_pages_are_the_whole(count: int, size: int) -> None:
    items = [{"n": str(number)} for number in range(count)]
    found: list[object] = []
    token = ""
    while True:
        one = page(items, {"pageSize": str(size), "pageToken": token}, "items")
        found += one["items"]
        token = one.get("nextPageToken", "")
        if not token:
            break
    assert found == items
