"""How a secret may look in a text: as it is, and as the encoders in use write it.

What no list can hold, such as a secret backwards, compressed or letter by letter, is not found.
"""

from __future__ import annotations

import base64
import html
import json
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTHS: Final = (64, 76)
"""Of a line of base64: in PEM, RFC 7468; in MIME, RFC 2045, as `base64.encodebytes` has it."""

SHORTEST_LINE: Final = 8
"""Characters of a last line of base64; a shorter one, such as `QQ==`, stands elsewhere by chance."""


def lines_of(secret: str) -> frozenset[str]:
    """The lines of a secret that has several, such as a key in PEM."""
    return frozenset(line.strip() for line in secret.splitlines())


def forms_of(secret: str, shortest: int) -> frozenset[str]:
    """The whole of it in every form that has so many characters."""
    found = {form for text in (secret, secret.strip()) for form in _forms(text)}
    return frozenset(form for form in found if len(form) >= shortest)


def _forms(text: str) -> Iterator[str]:
    yield text
    yield from _in_urls(text)
    yield from _in_html(text)
    for is_ascii in (True, False):
        yield json.dumps(text, ensure_ascii=is_ascii)[1:-1]
    for shown in (repr(text), ascii(text)):
        yield shown[1:-1]
    for codec in ("ascii", "utf-8"):
        yield text.encode(codec, "backslashreplace").decode()
    data = text.encode("utf-8", "surrogateescape")
    yield repr(data)[2:-1]
    yield data.hex()
    yield data.hex().upper()
    yield from _in_base64(data)


def _in_urls(text: str) -> Iterator[str]:
    """RFC 3986 takes `%2f` and `%2F` for the same, and encoders write either."""
    for quoted in (
        quote(text, safe="", errors="backslashreplace"),
        quote(text, errors="backslashreplace"),
        quote_plus(text, errors="backslashreplace"),
        quote_plus(text, safe="/", errors="backslashreplace"),
    ):
        yield quoted
        yield re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), quoted)


def _in_html(text: str) -> Iterator[str]:
    yield html.escape(text, quote=False)
    escaped = html.escape(text)
    yield escaped
    yield escaped.replace("&#x27;", "&#39;").replace("&quot;", "&#34;")  # as Jinja writes them


def wrapped_forms_of(secret: str, shortest: int) -> frozenset[str]:
    """Base64 in lines, alone or within other text: as a whole with its line ends.

    Of one that stands alone each line too, which may be indented, or end otherwise.
    """
    found: set[str] = set()
    for text in (secret, secret.strip()):
        data = text.encode("utf-8", "surrogateescape")
        for width in WIDTHS:
            lines = _pieces(base64.b64encode(data).decode(), width, width)
            found |= {line for line in lines if len(line) >= SHORTEST_LINE} | {"\r\n".join(lines)}
            found |= {"\n".join(within) for within in _wrapped(data, width)}
    return frozenset(form for form in found if len(form) >= shortest)


def _wrapped(data: bytes, width: int) -> Iterator[list[str]]:
    """The lines of it, for each place that its first letter may have in a line."""
    for before in range(3):
        own, start = _own_base64(data, before)
        for place in range(start, width, 4):
            lines = _pieces(own, width - place, width)
            if len(lines) > 1:
                yield lines


def _pieces(text: str, first: int, width: int) -> list[str]:
    rest = text[first:]
    return [text[:first], *(rest[at : at + width] for at in range(0, len(rest), width))]


def _own_base64(data: bytes, before: int) -> tuple[str, int]:
    """What is the data's alone in the base64 of so many bytes and it, and where that begins."""
    encoded = base64.b64encode(bytes(before) + data).decode()
    start = -(-before * 8 // 6)
    return encoded[start : (before + len(data)) * 8 // 6], start


def _in_base64(data: bytes) -> Iterator[str]:
    """Alone, and what of it stands in the base64 of any text around it: three bytes are four characters."""
    yield base64.b64encode(data).decode()
    yield base64.urlsafe_b64encode(data).decode().rstrip("=")
    for before in range(3):
        own, _ = _own_base64(data, before)
        yield own
        yield own.replace("+", "-").replace("/", "_")
