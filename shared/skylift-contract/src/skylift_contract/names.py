"""Names that others accept: keys of the store, and backends' own names for our steps.

A name that must change gets a hash of itself. So what becomes of a name never depends on
which other names there are, and two names never become one.
"""

from __future__ import annotations

import hashlib
import re
import string
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

LOWER: Final = string.ascii_lowercase
LETTERS: Final = string.ascii_letters
DIGITS: Final = string.digits

HASH_LENGTH: Final = 12
"""Hex digits of sha256. Two of 10,000 names are equal once in five million times, and then refused."""

_HEX: Final = frozenset("0123456789abcdef")


def slug(text: str, limit: int = 40) -> str:
    """Lower-case letters, digits and single inner `-`, at most `limit`; never empty.

    Many texts share a slug: it is for reading. `step_key` tells them apart.
    """
    words = re.sub(r"[^a-z0-9]+", "-", _ascii(text).lower())
    return words.strip("-")[:limit].strip("-") or "x"


def step_key(name: str) -> str:
    """The key of an invocation in a store: at most 53 characters, one for each exact name.

    All lower case, so names that differ in case only stay apart on a file system that
    ignores it.
    """
    return f"{slug(name)}-{_hash(name)}"


@dataclass(frozen=True, slots=True)
class Alphabet:
    """What a backend allows for a kind of name, as data.

    Args:
        characters: Every character allowed, ASCII.
        limit: The greatest length, in characters.
        first: The characters allowed at the start; by default all.
        last: The characters allowed at the end; by default all. With digits and `a` to `f`.
        replacement: The one character that stands for what is not allowed, and before the hash.
        ignores_case: Whether the backend takes `Train` and `train` for one name. Names with
            capitals then always change.

    Raises `ConfigurationError` for an alphabet in which no hash can be written.
    """

    characters: str
    limit: int
    first: str = ""
    last: str = ""
    replacement: str = "-"
    ignores_case: bool = False

    def __post_init__(self) -> None:
        allowed, last = set(self.characters), set(self.last or self.characters)
        if not self.characters.isascii() or len(self.replacement) != 1 or self.replacement not in allowed:
            raise _bad("replacement", "it is not one of the ASCII characters allowed", self.replacement)
        if not _HEX.issubset(allowed & last):
            raise _bad("last", "a name may not end with each of 0-9 and a-f, as the hash does", self.last)
        if not allowed.issuperset(self.first):
            raise _bad("first", "it has characters that are not allowed at all", self.first)
        if self.limit < HASH_LENGTH + 2:
            raise _bad("limit", "a letter, the replacement and the hash do not fit into it", self.limit)

    def native(self, name: str) -> str:
        """The backend's name for one of ours: itself if it may be, else a stem and a hash.

        A name that may be, but ends as if it had a hash, gets one too. So an unchanged name
        never equals a changed one, and changed ones differ in their hashes.
        """
        return name if self.accepts(name) and not self._looks_changed(name) else self._changed(name)

    def accepts(self, name: str) -> bool:
        """Whether the backend would take the name as it is, and distinguish it from others."""
        return (
            0 < len(name) <= self.limit
            and set(name) <= set(self.characters)
            and name[0] in (self.first or self.characters)
            and name[-1] in (self.last or self.characters)
            and not (self.ignores_case and name != name.lower())
        )

    def _looks_changed(self, name: str) -> bool:
        mark, digits = name[:-HASH_LENGTH], name[-HASH_LENGTH:]
        return mark.endswith(self.replacement) and len(digits) == HASH_LENGTH and set(digits) <= _HEX

    def _changed(self, name: str) -> str:
        room = self.limit - HASH_LENGTH - 1
        return f"{self._stem(name)[:room].rstrip(self.replacement)}{self.replacement}{_hash(name)}"

    def _stem(self, name: str) -> str:
        """What of a name can be kept, for people to recognise it; never empty."""
        first = self.first or self.characters
        text = _ascii(name) if set(LETTERS) <= set(self.characters) else _ascii(name).lower()
        kept = re.sub(f"[^{re.escape(self.characters)}]+", self.replacement, text)
        starts = (
            i for i, character in enumerate(kept) if character in first and character != self.replacement
        )
        start = next(starts, None)
        return ("x" if "x" in first else min(first)) if start is None else kept[start:]


def native_names(names: Iterable[str], alphabet: Alphabet) -> dict[str, str]:
    """Each name and the backend's name for it, in the order given; no two are the same.

    Raises `ConfigurationError` should two hashes be equal.
    """
    natives = {name: alphabet.native(name) for name in names}
    owners: dict[str, str] = {}
    for name, native in natives.items():
        other = owners.setdefault(native.lower() if alphabet.ignores_case else native, name)
        if other != name:
            what = f"it and {other!r} would have the same name {native!r} on the backend"
            raise ConfigurationError(what, who=f"name {name!r}", fix="Rename one.")
    return natives


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:HASH_LENGTH]


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def _bad(field: str, what: str, value: object) -> ConfigurationError:
    return ConfigurationError(what, who=f"Alphabet.{field}", value=value)
