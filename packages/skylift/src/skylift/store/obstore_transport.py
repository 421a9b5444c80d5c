"""`Transport` on obstore: one library for folders, memory, S3, GCS and Azure."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO, Final

from skylift.store import forks
from skylift.store.connection import connect, endpoint_of
from skylift.store.folder import check_hard_links, make_folder
from skylift.store.location import Scheme
from skylift.store.options import Patience
from skylift.store.refusals import Absent, read_refusal, refusal, write_refusal
from skylift.store.transport import KeyExists, Stored
from skylift_contract.errors import SkyliftError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from obstore import ObjectMeta

    from skylift.store.connection import Store
    from skylift.store.location import Location

PART: Final = 8 * 1024 * 1024
"""Bytes of a part of an upload, as long as there are not too many."""

PART_COUNT: Final = 9_000
"""S3 and GCS take 10,000 parts an object: docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html"""

CONCURRENCY: Final = 4
"""Parts under way at once; more only makes each one slower on a narrow line."""

PAGE: Final = 1000
"""Objects a page of a listing: what S3 and GCS give in one request."""

READERS: Final = 16
"""Reads under way at once, where each waits for an answer."""

CONTENT_PATIENCE: Final = 15
"""How much longer a part of a large object may take than a record."""


class ObstoreTransport:
    """Raw operations through obstore, which is imported with the first of them.

    obstore itself repeats what a service answers with 5xx, and what never reached it.
    """

    def __init__(self, location: Location, options: Mapping[str, str]) -> None:
        self._location = location
        self._options = options
        self._request_timeout = Patience.of(options).request
        self._found = location.scheme in {Scheme.FILE, Scheme.MEMORY}
        """Whether the bucket was seen: a HEAD's 404 does not say which of the two is missing."""

    @property
    def ordered(self) -> bool:
        return self._location.scheme is not Scheme.FILE

    @property
    def reads_first(self) -> bool:
        """Only on GCS, which takes one write a second to a name, refused ones included.

        Elsewhere a read would double the requests for the many keys that nobody contends for.
        Source: cloud.google.com/storage/quotas#objects
        """
        return self._location.scheme is Scheme.GS

    @property
    def readers(self) -> int:
        return 1 if self._location.scheme is Scheme.MEMORY else READERS

    def put_new(self, key: str, data: bytes) -> None:
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        with self._guarded(f"writing {key}", write_refusal):
            try:
                obstore.put(self._writable, key, data, mode="create", use_multipart=False)
            except (AlreadyExistsError, PreconditionError) as error:
                raise KeyExists(key) from error
        self._found = True

    def upload(self, key: str, data: bytes | Path) -> None:
        import obstore

        size = len(data) if isinstance(data, bytes) else data.stat().st_size
        part = max(PART, -(-size // PART_COUNT))
        with self._guarded(f"uploading {key}", write_refusal):
            _ = self._writable
            obstore.put(self._bulk, key, data, chunk_size=part, max_concurrency=CONCURRENCY)
        self._found = True

    def get(self, key: str) -> bytes | None:
        import obstore

        try:
            with self._guarded(f"reading {key}", read_refusal):
                return obstore.get(self._records, key).bytes().to_bytes()
        except Absent:
            return None

    def download(self, key: str, file: BinaryIO) -> bool:
        import obstore

        doing = f"reading {key}"
        try:
            with self._guarded(doing, read_refusal):
                chunks = iter(obstore.get(self._bulk, key).stream(min_chunk_size=PART))
        except Absent:
            return False
        while True:
            with self._guarded(doing, read_refusal):
                chunk = next(chunks, None)
            if chunk is None:
                return True
            file.write(chunk)  # its OSError is the file's, not the store's

    def head(self, key: str) -> bool:
        return self.modified(key) is not None

    def modified(self, key: str) -> datetime | None:
        import obstore

        doing = f"looking at {key}"
        try:
            with self._guarded(doing, read_refusal):
                meta = obstore.head(self._records, key)
        except Absent:
            if not self._found:
                with self._guarded(doing, read_refusal):
                    next(self._listing(None, None, 1), None)
                self._found = True
            return None
        self._found = True
        return meta["last_modified"]

    def pages(self, folder: str, after: str | None, size: int) -> Iterator[Sequence[str]]:
        for page in self._metas(folder, after, size):
            yield [meta["path"] for meta in page]

    def stored(self, folder: str) -> Iterator[Stored]:
        for page in self._metas(folder, None, PAGE):
            for meta in page:
                yield Stored(meta["path"], meta["size"], meta["last_modified"])

    def _metas(self, folder: str, after: str | None, size: int) -> Iterator[Sequence[ObjectMeta]]:
        doing = f"listing {folder or 'it'}"
        try:
            with self._guarded(doing, read_refusal):
                pages = self._listing(folder or None, after, size)
            while True:
                with self._guarded(doing, read_refusal):
                    page = next(pages, None)
                if page is None:
                    return
                yield page
        except Absent:
            return

    def _listing(self, folder: str | None, after: str | None, size: int) -> Iterator[Sequence[ObjectMeta]]:
        from obstore import list as pages  # pyright: ignore[reportUnknownVariableType] -- its Arrow half

        return iter(pages(self._records, folder, offset=after, chunk_size=size))

    def delete(self, keys: Sequence[str]) -> None:
        import obstore

        if self._location.scheme in {Scheme.S3, Scheme.AZ}:  # they take many in a request
            with suppress(Absent), self._guarded(f"deleting {keys[0]}", read_refusal):
                obstore.delete(self._records, list(keys))
                return
        # Elsewhere obstore asks for each at once, and returns at the first that is missing
        # while the others are still on their way: they would land after what comes next.
        for key in keys:
            with suppress(Absent), self._guarded(f"deleting {key}", read_refusal):
                obstore.delete(self._records, key)

    def prepare(self) -> None:
        with self._guarded("opening it", refusal):
            _ = self._writable
        if self._location.scheme is Scheme.FILE:
            check_hard_links(self._location)

    @cached_property
    def _records(self) -> Store:
        return connect(self._location, self._options, self._request_timeout)

    @cached_property
    def _writable(self) -> Store:
        """The same, once the folder of a file store is made."""
        if self._location.scheme is Scheme.FILE:
            make_folder(self._location)
        return self._records

    @cached_property
    def _bulk(self) -> Store:
        """The same for large objects: a part may take long on a narrow line and yet be alive."""
        if self._found and self._location.scheme in {Scheme.FILE, Scheme.MEMORY}:
            return self._records
        return connect(self._location, self._options, self._request_timeout * CONTENT_PATIENCE)

    @contextmanager
    def _guarded(
        self, doing: str, explain: Callable[[Location, Exception, str], Exception]
    ) -> Generator[None]:
        """Turn obstore's errors into ours."""
        from obstore.exceptions import BaseError

        forks.check(f"store {self._location.uri}")
        try:
            yield
        except (SkyliftError, KeyExists):
            raise
        except (BaseError, OSError, NotImplementedError) as error:
            place = replace(self._location, endpoint=endpoint_of(self._location, self._options))
            raise explain(place, error, doing) from error
