"""One way to turn data into bytes, so that equal data has equal digests everywhere.

Keys are sorted, there is no white space, text is UTF-8, a duration is its integer number
of microseconds, and the three floats JSON has no word for are spelled as the strings
`"NaN"`, `"Infinity"` and `"-Infinity"`, which pydantic reads back as floats.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from datetime import date, timedelta
from enum import Enum
from typing import Any, Final, cast

MICROSECOND: Final = timedelta(microseconds=1)


def canonical_json(value: object) -> bytes:
    """Return the canonical bytes of plain data, or of a pydantic model.

    Raises `TypeError` for what is neither; keys of mappings must be strings.
    """
    dump = getattr(value, "model_dump", None)
    if dump is not None:
        plain = dump(mode="json")
        try:
            return _encode(plain)
        except ValueError:  # a float that JSON has no word for; rare, so only then is all of it walked
            return _encode(_plain(plain))
    return _encode(_plain(value))


def _encode(plain: object) -> bytes:
    return json.dumps(
        plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def digest(data: bytes) -> str:
    """The sha256 of the bytes as stored, in lower-case hex: 64 characters."""
    return hashlib.sha256(data).hexdigest()


def digest_of(value: object) -> str:
    return digest(canonical_json(value))


def _plain(value: object) -> Any:  # noqa: PLR0911 -- one branch per kind of value, flat
    if value is None or (isinstance(value, bool | str) and not isinstance(value, Enum)):
        return value
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else _spelled(value)
    if isinstance(value, Mapping):
        return {_key(k): _plain(v) for k, v in cast("Mapping[object, object]", value).items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast("list[object]", value)]
    if isinstance(value, timedelta):
        return value // MICROSECOND
    if isinstance(value, date):
        return value.isoformat()
    dump = getattr(value, "model_dump", None)
    if dump is None:
        raise TypeError(f"{type(value).__name__} has no canonical form: {value!r}")
    return _plain(dump(mode="json"))


def _spelled(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a key of canonical JSON is text, not {type(key).__name__}: {key!r}")
    return str(key)
