"""Google Cloud Storage's XML API on loopback, as much of it as object_store speaks.

Written from cloud.google.com/storage/docs/xml-api: objects with generations and
preconditions, ranges, listings in pages, multipart uploads. It can be told to lose answers.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import TYPE_CHECKING, NamedTuple, Self
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


class HttpFault(Enum):
    """What becomes of one request that writes."""

    FAIL_500 = auto()  # nothing stored, 500
    STORE_THEN_500 = auto()
    STORE_THEN_CLOSE = auto()  # the connection ends without an answer
    STORE_THEN_HANG = auto()  # the answer never comes, until the server is closed
    CONFLICT_409 = auto()  # nothing stored, 409


class Stored(NamedTuple):
    data: bytes
    generation: int
    written: datetime

    def headers(self) -> dict[str, str]:
        return {
            "ETag": _etag(self.data),
            "Last-Modified": format_datetime(self.written, usegmt=True),
            "x-goog-generation": str(self.generation),
        }


@dataclass
class Bucket:
    objects: dict[str, Stored] = field(default_factory=dict[str, Stored])
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict[str, "dict[int, bytes]"])


class GcsXml(ThreadingHTTPServer):
    """The server; `url` is its endpoint.

    Args:
        page_size: Keys a listing's page, where the client asks for no fewer.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, *buckets: str, page_size: int = 1000) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.page_size = page_size
        self.buckets: dict[str, Bucket] = {name: Bucket() for name in buckets}
        self.faults: deque[HttpFault] = deque()  # for the next writes, one each
        self.denial: tuple[int, str] | None = None  # status and code that answer everything
        self.requests: list[str] = []  # "PUT bucket/key"
        self.lock = threading.Lock()
        self.closing = threading.Event()
        self.generations = count(1)
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: GcsXml  # pyright: ignore[reportIncompatibleVariableOverride]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body in one packet

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:  # a client that timed out and went away
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def do_GET(self) -> None:
        self._serve(self._list_or_read)

    def do_HEAD(self) -> None:
        self._serve(self._list_or_read)

    def do_PUT(self) -> None:
        self._serve(self._write)

    def do_POST(self) -> None:
        self._serve(self._multipart)

    def do_DELETE(self) -> None:
        self._serve(self._remove)

    def _serve(self, act: Callable[[], None]) -> None:
        parts = urlsplit(self.path)
        name, _, self.key = parts.path.lstrip("/").partition("/")
        self.name, self.key = unquote(name), unquote(self.key)
        self.query = {key: values[0] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests.append(f"{self.command} {self.name}/{self.key}")
        if self.server.denial:
            self._error(*self.server.denial)
        elif self.name not in self.server.buckets:
            self._error(404, "NoSuchBucket")
        else:
            self.bucket = self.server.buckets[self.name]
            act()

    def _list_or_read(self) -> None:
        with self.server.lock:
            found = self.bucket.objects.get(self.key)
            answer = list_page(self.bucket, self.query, self.server.page_size) if not self.key else ""
        if not self.key:
            self._answer(200, answer.encode())
        elif found is None:
            self._error(404, "NoSuchKey")
        else:
            self._send_object(found)

    def _send_object(self, found: Stored) -> None:
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if wanted is None:
            self._answer(200, found.data, found.headers())
            return
        size = len(found.data)
        first, last = int(wanted[1]), min(int(wanted[2] or size), size - 1)
        part = {"Content-Range": f"bytes {first}-{last}/{size}"}
        self._answer(206, found.data[first : last + 1], found.headers() | part)

    def _write(self) -> None:
        fault = self._next_fault()
        if fault is HttpFault.FAIL_500:
            self._error(500, "InternalError")
        elif fault is HttpFault.CONFLICT_409:
            self._error(409, "Conflict")
        elif "uploadId" in self.query:
            self._write_part()
        else:
            self._write_object(fault)

    def _write_part(self) -> None:
        with self.server.lock:
            parts = self.bucket.uploads.get(self.query["uploadId"])
            if parts is not None:
                parts[int(self.query["partNumber"])] = self.body
        if parts is None:
            self._error(404, "NoSuchUpload")
        else:
            self._answer(200, b"", {"ETag": _etag(self.body)})

    def _write_object(self, fault: HttpFault | None) -> None:
        condition = self.headers.get("x-goog-if-generation-match")
        with self.server.lock:
            standing = self.bucket.objects.get(self.key)
            is_met = condition is None or int(condition) == (standing.generation if standing else 0)
            made = self._put(self.body) if is_met else None
        if made is None:
            self._error(412, "PreconditionFailed")
        else:
            self._answer_write(fault, made)

    def _put(self, data: bytes) -> Stored:
        """Under the lock."""
        made = Stored(data, next(self.server.generations), datetime.now(UTC))
        self.bucket.objects[self.key] = made
        return made

    def _answer_write(self, fault: HttpFault | None, made: Stored) -> None:
        if fault is HttpFault.STORE_THEN_500:
            self._error(500, "InternalError")
        elif fault is HttpFault.STORE_THEN_CLOSE:
            self.close_connection = True
        elif fault is HttpFault.STORE_THEN_HANG:
            self.server.closing.wait()
            self.close_connection = True
        else:
            self._answer(200, b"", made.headers())

    def _multipart(self) -> None:
        if "uploads" in self.query:
            upload = f"upload-{next(self.server.generations)}"
            self.bucket.uploads[upload] = {}
            self._answer(200, _element("InitiateMultipartUploadResult", UploadId=upload).encode())
            return
        with self.server.lock:
            parts = self.bucket.uploads.pop(self.query["uploadId"], None)
            made = None if parts is None else self._put(self._joined(parts))
        if made is None:
            self._error(404, "NoSuchUpload")
        else:
            told = _element("CompleteMultipartUploadResult", ETag=_etag(made.data))
            self._answer(200, told.encode(), made.headers())

    def _joined(self, parts: Mapping[int, bytes]) -> bytes:
        numbers = re.findall(r"<PartNumber>(\d+)</PartNumber>", self.body.decode())
        return b"".join(parts[int(number)] for number in numbers)

    def _remove(self) -> None:
        with self.server.lock:
            if "uploadId" in self.query:
                self.bucket.uploads.pop(self.query["uploadId"], None)
                gone: object = True
            else:
                gone = self.bucket.objects.pop(self.key, None)
        if gone is None:
            self._error(404, "NoSuchKey")
        else:
            self._answer(204, b"")

    def _next_fault(self) -> HttpFault | None:
        with self.server.lock:
            return self.server.faults.popleft() if self.server.faults else None

    def _error(self, status: int, code: str) -> None:
        self._answer(status, _element("Error", Code=code, Message=f"this is {code}").encode())

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | dict(headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def list_page(bucket: Bucket, query: Mapping[str, str], page_size: int) -> str:
    """One page of ListObjectsV2, its keys sorted by UTF-8 bytes, with common prefixes."""
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    after = query.get("continuation-token") or query.get("start-after", "")
    size = min(page_size, int(query.get("max-keys", page_size)))
    entries = list(_entries(bucket, prefix, delimiter, after))
    page, more = entries[:size], len(entries) > size
    folders = "".join(
        f"<CommonPrefixes><Prefix>{escape(key)}</Prefix></CommonPrefixes>" for key, d in page if d is None
    )
    objects = "".join(_contents(key, found) for key, found in page if found is not None)
    token = f"<NextContinuationToken>{escape(page[-1][0])}</NextContinuationToken>" if more else ""
    return (
        f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>{token}{objects}{folders}"
        "</ListBucketResult>"
    )


def _entries(bucket: Bucket, prefix: str, delimiter: str, after: str) -> Iterator[tuple[str, Stored | None]]:
    """Keys with what is there, and what the delimiter folds together with None, after a key."""
    last = None
    for key in sorted(bucket.objects, key=str.encode):
        if not key.startswith(prefix):
            continue
        head, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
        name = prefix + head + delimiter if found else key
        if name > after and name != last:
            last = name
            yield name, None if found else bucket.objects[key]


def _contents(key: str, found: Stored) -> str:
    written, size = found.written.strftime("%Y-%m-%dT%H:%M:%S.000Z"), str(len(found.data))
    return _element("Contents", Key=key, LastModified=written, ETag=_etag(found.data), Size=size)


def _element(name: str, **children: str) -> str:
    return f"<{name}>{''.join(f'<{tag}>{escape(text)}</{tag}>' for tag, text in children.items())}</{name}>"


def _etag(data: bytes) -> str:
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
