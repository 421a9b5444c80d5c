from __future__ import annotations

import base64
import html
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift.secret_forms import SHORTEST_LINE, WIDTHS, forms_of, lines_of, wrapped_forms_of

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
        quote,
        lambda text: re.sub("%..", lambda found: found[0].lower(), quote(text)),
        lambda text: re.sub("%..", lambda found: found[0].lower(), quote_plus(text)),
        lambda text: repr(text.encode())[2:-1],
        lambda text: text.encode().hex(),
        lambda text: text.encode().hex().upper(),
        html.escape,
        lambda text: html.escape(text, quote=False),
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


def _in_lines(data: bytes, width: int) -> list[str]:
    text = base64.b64encode(data).decode()
    return [text[at : at + width] for at in range(0, len(text), width)]


@given(st.binary(max_size=100), st.text("abcé/+-", min_size=20, max_size=200), st.binary(max_size=9))
def test_within_base64_that_is_in_lines(before: bytes, secret: str, after: bytes) -> None:
    forms = forms_of(secret, 8) | wrapped_forms_of(secret, 8)
    for width in WIDTHS:
        text = "\n".join(_in_lines(before + secret.encode() + after, width))
        assert any(form in text for form in forms)


@given(st.text("abcé/+-", min_size=60, max_size=400), st.sampled_from(["\n    ", "\\n", "\r\n"]))
def test_each_line_of_base64_that_stands_alone(secret: str, end: str) -> None:
    for width in WIDTHS:
        lines = _in_lines(secret.encode(), width)
        text = end.join(lines)
        for form in sorted(wrapped_forms_of(secret, 4) | forms_of(secret, 4), key=len, reverse=True):
            text = text.replace(form, "***")
        assert not [line for line in lines if len(line) >= SHORTEST_LINE and line in text]


def test_as_pythons_own_encoder_wraps_it() -> None:
    secret = "correct horse battery staple " * 9
    assert base64.encodebytes(secret.encode()).decode().strip() in wrapped_forms_of(secret, 4)
