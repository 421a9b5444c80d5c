from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skylift.store.keys import KEY_LIMIT, SEGMENT_LIMIT, check_key, check_prefix
from skylift.store.location import open_store
from skylift_contract.errors import LimitExceeded, StoreError


@pytest.mark.parametrize(
    "key",
    [
        *(
            "",
            "/",
            "/a",
            "a/",
            "a//b",
            "..",
            ".",
            "a/../b",
            "a/.",
            ".a",
            "a.",
            "a./b",
            "a#1",
            "a%20b",
            "ä",
            "a b",
        ),
        *("a\\b", "a:b", "a?b", "a*", "a\n", "\x00", "a\u2044b", "~", "a/~"),
    ],
)
def test_unsafe_keys_are_refused(key: str) -> None:
    sentence = (
        "object store: a key is made of segments of letters, digits and _+=@,.- with single slashes "
        f"between them, and no segment starts or ends with a dot (got {key!r}). "
        "Make a slug of the name and keep the name itself inside the record."
    )
    with pytest.raises(StoreError, match=f"^{re.escape(sentence)}$"):
        check_key(key)


def test_lengths() -> None:
    assert check_key("a" * SEGMENT_LIMIT)
    with pytest.raises(
        LimitExceeded, match=r"^object store: a segment of the key is too long \(got 241, limit: 240\)\.$"
    ):
        check_key("b/" + "a" * (SEGMENT_LIMIT + 1))
    longest = "/".join(["a" * 99] * 9)
    assert len(longest) == KEY_LIMIT - 1
    assert check_key(longest + "a") == longest + "a"
    with pytest.raises(LimitExceeded, match=r"^object store: the key is too long \(got 901, limit: 900\)\.$"):
        check_key(longest + "aa")


def test_prefixes() -> None:
    assert check_prefix("") == ""
    assert check_prefix("a/b/") == check_prefix("a/b") == "a/b"
    with pytest.raises(StoreError):
        check_prefix("/")
    with pytest.raises(StoreError):
        check_prefix("a//")


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("aZ0_+=@,-./"), min_size=1, max_size=12))
def test_a_key_that_passes_is_kept_by_the_library_as_it_is(key: str) -> None:
    try:
        check_key(key)
    except StoreError:
        return
    store = open_store("memory://keys")
    store.create(key, b"")
    assert store.list("") == [key]
    store.delete([key])
