"""How a secret may look in a text: as it is, and as the encoders in use write it.

What no list can hold, such as a secret backwards, compressed or letter by letter, is not found.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterator


def lines_of(secret: str) -> frozenset[str]:
    """The lines of a secret that has several, such as a key in PEM."""
    return frozenset(line.strip() for line in secret.splitlines())


def forms_of(secret: str, shortest: int) -> frozenset[str]:
    """The whole of it in every form that has so many characters."""
    found = {form for text in (secret, secret.strip()) for form in _forms(text)}
    return frozenset(form for form in found if len(form) >= shortest)


def _forms(text: str) -> Iterator[str]:
    yield text
    yield quote(text, safe="", errors="backslashreplace")
    yield quote_plus(text, errors="backslashreplace")
    for is_ascii in (True, False):
        yield json.dumps(text, ensure_ascii=is_ascii)[1:-1]
    for shown in (repr(text), ascii(text)):
        yield shown[1:-1]
    for codec in ("ascii", "utf-8"):
        yield text.encode(codec, "backslashreplace").decode()
    yield from _in_base64(text.encode("utf-8", "surrogateescape"))


def _in_base64(data: bytes) -> Iterator[str]:
    """Alone, and what of it stands in the base64 of any text around it: three bytes are four characters."""
    yield base64.b64encode(data).decode()
    yield base64.urlsafe_b64encode(data).decode().rstrip("=")
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + data).decode()
        own = encoded[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]
        yield own
        yield own.replace("+", "-").replace("/", "_")
