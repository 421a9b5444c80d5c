from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift.secret_forms import forms_of, lines_of

if TYPE_CHECKING:
    from collections.abc import Callable

SECRETS = st.text(st.characters(exclude_categories=["Cs"]), min_size=4)


@given(SECRETS)
def test_whatever_encodes_it_gives_one_of_its_forms(secret: str) -> None:
    forms = forms_of(secret, 1)
    encoders: tuple[Callable[[str], str], ...] = (
        str,
        str.strip,
        repr,
        ascii,
        json.dumps,
        lambda text: json.dumps(text, ensure_ascii=False),
        quote_plus,
        lambda text: quote(text, safe=""),
        lambda text: base64.b64encode(text.encode()).decode(),
    )
    for encode in encoders:
        assert not encode(secret) or any(form in encode(secret) for form in forms)


@given(st.binary(max_size=9), SECRETS, st.binary(max_size=9))
def test_within_the_base64_of_other_text(before: bytes, secret: str, after: bytes) -> None:
    """As in the header of HTTP's basic authentication."""
    data = before + secret.encode() + after
    for encoded in (base64.b64encode(data), base64.urlsafe_b64encode(data)):
        assert any(form in encoded.decode() for form in forms_of(secret, 4))


@given(SECRETS, st.integers(1, 20))
def test_short_forms_are_left_out(secret: str, shortest: int) -> None:
    assert all(len(form) >= shortest for form in forms_of(secret, shortest))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines(end: str) -> None:
    assert lines_of(f"-----BEGIN KEY-----{end}  abc{end}") == {"-----BEGIN KEY-----", "abc"}


def test_bytes_that_are_no_text() -> None:
    assert "caf\\udce9" in forms_of("caf\udce9", 4)
