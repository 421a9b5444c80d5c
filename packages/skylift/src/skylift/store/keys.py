"""Which names an object may have, so that every store keeps them apart and as they are.

The narrowest rules of all stores at once: Azure drops a dot at a segment's end, Windows
refuses colons, the local store writes through temporary files named `<key>#<number>`, and a
percent sign or a letter outside ASCII is encoded differently by each service.
"""

from __future__ import annotations

import re
from typing import Final

from skylift_contract.errors import LimitExceeded, StoreError

SEGMENT_LIMIT: Final = 240
"""Bytes between two slashes; file systems allow 255 and the local store adds a suffix."""

KEY_LIMIT: Final = 900
"""Bytes of a whole key; services allow 1024 (S3, GCS, Azure) and the store's own path comes first."""

_SEGMENT: Final = r"[A-Za-z0-9_+=@,-](?:[A-Za-z0-9_+=@,.-]*[A-Za-z0-9_+=@,-])?"
_KEY: Final = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*")


def check_key(key: str) -> str:
    """Return the key as it is, or raise: `StoreError` for its characters, `LimitExceeded` for its length."""
    if _KEY.fullmatch(key) is None:
        raise StoreError(
            "a key is made of segments of letters, digits and _+=@,.- with single slashes between them, "
            "and no segment starts or ends with a dot",
            who="object store",
            value=key,
            fix="Make a slug of the name and keep the name itself inside the record.",
        )
    if len(key) > KEY_LIMIT:
        raise LimitExceeded("the key is too long", who="object store", value=len(key), limit=KEY_LIMIT)
    if len(key) > SEGMENT_LIMIT and (longest := max(map(len, key.split("/")))) > SEGMENT_LIMIT:
        raise LimitExceeded(
            "a segment of the key is too long", who="object store", value=longest, limit=SEGMENT_LIMIT
        )
    return key


def check_prefix(prefix: str) -> str:
    """Return the folder that a prefix names, without its trailing slash; empty for all."""
    return check_key(prefix.removesuffix("/")) if prefix else ""
