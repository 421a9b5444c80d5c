"""Objects that are created once and never changed.

A store may have taken a write whose answer was lost, and then say "already exists" to the
only writer there is. So nobody believes such an answer: the object is read back and its
bytes compared. Every record holds its writer's nonce, so equal bytes are one's own.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from skylift.store.keys import check_key, check_prefix
from skylift.store.transport import KeyExists, OutcomeUnknown
from skylift_contract.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from skylift.store.transport import Stored, Transport

T = TypeVar("T")

Keys: TypeAlias = list[str]
"""Inside the class, `list` is the method."""

PAUSES_S: Final = (0.05, 0.2, 0.8)
"""Between tries of a write that left nothing behind; the transport retries by itself below this."""

PAGE: Final = 1000
"""Keys a page: what S3 and GCS give in one request."""

FRESH: Final = timedelta(hours=12)
"""Content that was written longer ago is written again when it is needed again: `skylift gc`
deletes what is twice as old and that it sees no use of, and a new use may not be seen yet."""

SINGLE_PUT_LIMIT: Final = 8 * 1024 * 1024
"""Bytes. Up to here content is sent in one conditional request; above, its presence is asked first."""


class Outcome(Enum):
    """What `create` found: `CREATED` and `MINE` both mean that the caller's record stands."""

    CREATED = "created"
    MINE = "mine"
    OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Creation:
    """How a creation ended; `data` is the record that stands now, whoever wrote it."""

    outcome: Outcome
    data: bytes


class ObjectStore:
    """A store as the ledger sees it: keys are relative to `<uri>/skylift/1/`.

    Any method raises `StoreUnavailable` when the store is missing, unreachable or refuses us.

    Args:
        uri: The canonical URI, without a slash at its end.
        transport: The raw operations.
        pauses_s: Seconds to wait between tries of a write that left nothing behind.
    """

    def __init__(self, uri: str, transport: Transport, *, pauses_s: Sequence[float] = PAUSES_S) -> None:
        self.uri = uri
        self.transport = transport
        self._pauses_s = tuple(pauses_s)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.uri!r})"

    def create(self, key: str, data: bytes) -> Creation:
        """Store a record under a key that nobody has taken, and say whose record stands there.

        The bytes must be the writer's alone (they hold a nonce). Then the call may be repeated
        after any failure: if the first one took effect after all, the next answers `MINE`.
        """
        check_key(key)
        standing = self.transport.get(key) if self.transport.reads_first else None
        if standing is None:
            standing = self._settle(
                key, lambda: self.transport.put_new(key, data), lambda: self.transport.get(key)
            )
        if standing is None:
            return Creation(Outcome.CREATED, data)
        return Creation(Outcome.MINE if standing == data else Outcome.OTHERS, standing)

    def put_content(self, key: str, data: bytes | Path) -> None:
        """Store bytes, or a file's, under a key that is made from them: being there already is success.

        What is there for long is written again, and is `FRESH` then. A file is streamed in
        parts; an `OSError` says that the file itself cannot be read.
        """
        check_key(key)
        size = len(data) if isinstance(data, bytes) else data.stat().st_size
        if (size > SINGLE_PUT_LIMIT or self.transport.reads_first) and self.has_fresh(key):
            return
        if size > SINGLE_PUT_LIMIT:
            put: Callable[[], None] = lambda: self.transport.upload(key, data)  # noqa: E731
        else:
            whole = data if isinstance(data, bytes) else data.read_bytes()
            put = lambda: self.transport.put_new(key, whole)  # noqa: E731
        modified = self._settle(key, put, lambda: self.transport.modified(key))
        if modified is not None and not _is_fresh(modified):
            self.transport.upload(key, data)

    def _settle(self, key: str, put: Callable[[], None], look: Callable[[], T | None]) -> T | None:
        """Put until the outcome is known: None if this call's write was answered, else what stands."""
        for pause_s in (*self._pauses_s, None):
            try:
                put()
            except (KeyExists, StoreUnavailable) as error:
                standing = self._look_after(key, error, look)
                if standing is not None:
                    return standing
                if not isinstance(error, KeyExists | OutcomeUnknown):
                    raise
                if pause_s is None:
                    raise self._undecided(key, error) from error
                time.sleep(pause_s)
            else:
                return None
        raise AssertionError("unreachable: the last pause is None")

    def _look_after(self, key: str, error: Exception, look: Callable[[], T | None]) -> T | None:
        """What stands after a write that was not answered with success.

        Even a plain refusal is looked after: the transport may have been refused on its second
        try when its first had taken effect.
        """
        try:
            return look()
        except StoreUnavailable as unreadable:
            if isinstance(error, KeyExists | OutcomeUnknown):
                raise self._undecided(key, error) from unreadable
            return None

    def _undecided(self, key: str, error: Exception) -> StoreUnavailable:
        reason = error.what if isinstance(error, StoreUnavailable) else "it says that the key is taken"
        return OutcomeUnknown(
            f"whether {key} was written is not known: {reason}, and nothing could be read there",
            who=f"store {self.uri}",
            fix="Try again: a record that was written after all is recognised as one's own.",
        )

    def get(self, key: str) -> bytes | None:
        """The object's bytes; None if nothing is there."""
        return self.transport.get(check_key(key))

    def get_many(self, keys: Iterable[str]) -> Iterator[bytes | None]:
        """The same for several objects, in the order of their keys; at a service several at once."""
        checked = [check_key(key) for key in keys]
        if self.transport.readers == 1:
            yield from map(self.transport.get, checked)
            return
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(self.transport.readers) as readers:
            yield from readers.map(self.transport.get, checked)

    def get_file(self, key: str, path: Path) -> bool:
        """Copy the object to a file, which appears whole or not at all; False if nothing is there.

        Raises `OSError` if the file cannot be written.
        """
        check_key(key)
        partial = path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}.part")
        try:
            with partial.open("xb") as file:
                found = self.transport.download(key, file)
            if found:
                partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        return found

    def exists(self, key: str) -> bool:
        return self.transport.head(check_key(key))

    def has_fresh(self, key: str) -> bool:
        """Whether content is there, and `gc` leaves it until a record that is written now names it."""
        modified = self.transport.modified(check_key(key))
        return modified is not None and _is_fresh(modified)

    def stored(self, prefix: str) -> Iterator[Stored]:
        """What is under a folder as `list` finds it, with sizes and times, in the store's own order."""
        return self.transport.stored(check_prefix(prefix))

    def list(self, prefix: str, *, after: str | None = None, limit: int | None = None) -> Keys:
        """The keys under a folder, at any depth, sorted by code point.

        Args:
            prefix: Whole segments: `runs/a` and `runs/a/` are one folder, which `runs/ab` is not in.
            after: Only keys that sort after this one.
            limit: At most so many. Services are asked for no page more than that takes.
        """
        ordered = self.transport.ordered
        # obstore asks for pages until it has as many keys as are wanted at a time.
        size = PAGE if limit is None or not ordered else min(max(limit, 1), PAGE)
        keys = self._keys(check_prefix(prefix), after and check_key(after), size)
        return list(islice(keys if ordered else sorted(keys), limit))

    def _keys(self, folder: str, after: str | None, size: int) -> Iterator[str]:
        for page in self.transport.pages(folder, after, size):
            yield from page if after is None else (key for key in page if key > after)

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects; one that is not there is no error."""
        checked = [check_key(key) for key in keys]
        if checked:
            self.transport.delete(checked)

    def probe(self) -> None:
        """Prove by doing it that records can be created once here; leaves nothing behind.

        Raises `StoreUnavailable` with what to do about it.
        """
        from skylift.store.probe import probe

        probe(self.uri, self.transport)


def _is_fresh(modified: datetime) -> bool:
    return datetime.now(UTC) - modified < FRESH
