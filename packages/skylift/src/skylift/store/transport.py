"""What `ObjectStore` needs of a store: the raw operations, each one request or a few.

Tests put a transport of their own here, one that loses requests and answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Protocol

from skylift_contract.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path


class KeyExists(Exception):
    """The store says that the key is taken: by another, by ourselves, or (a 409) by nobody."""


class OutcomeUnknown(StoreUnavailable):
    """A write was sent and no answer came: it may have taken effect, or may yet."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What a store says of an object: its size in bytes, and when it was last written, in UTC."""

    key: str
    size: int
    modified: datetime


class Transport(Protocol):
    """Raw operations on keys that are checked already.

    Whatever cannot be done raises `StoreUnavailable`, whose sentence is fit for people; a
    write that may nevertheless have taken effect raises `OutcomeUnknown`.
    """

    @property
    def ordered(self) -> bool:
        """Whether `pages` comes in the order of the keys, so that a reader may stop early."""
        ...

    @property
    def reads_first(self) -> bool:
        """Whether a read is so much cheaper than a refused write that creators ask first."""
        ...

    @property
    def readers(self) -> int:
        """How many reads at once are faster than one after another."""
        ...

    def put_new(self, key: str, data: bytes) -> None:
        """Store under a key that is free, or raise `KeyExists`."""
        ...

    def upload(self, key: str, data: bytes | Path) -> None:
        """Store under a key, in parts where it is large, replacing what may be there."""
        ...

    def get(self, key: str) -> bytes | None: ...

    def download(self, key: str, file: BinaryIO) -> bool:
        """Write the object into a file that is open; False, and nothing written, if it is not there."""
        ...

    def head(self, key: str) -> bool: ...

    def modified(self, key: str) -> datetime | None:
        """When it was last written, by the store's clock; None if it is not there."""
        ...

    def stored(self, folder: str) -> Iterator[Stored]:
        """All objects under a folder, in the order of the store."""
        ...

    def pages(self, folder: str, after: str | None, size: int) -> Iterator[Sequence[str]]:
        """All keys under a folder (empty for all), in the order of the store, at most `size` at a time.

        A store may ignore `after`; it is there to spare requests, and the caller filters.
        """
        ...

    def delete(self, keys: Sequence[str]) -> None:
        """Remove; a key that is not there is no error."""
        ...

    def prepare(self) -> None:
        """Make what a first write needs and can be made here: the folder of a file store.

        Raises `StoreUnavailable` where create-once cannot work there.
        """
        ...
