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
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

STARTED = datetime.now(UTC)
"""When everything here was written, as far as it says: at most as long ago as a test run takes."""

DATE = format_datetime(STARTED, usegmt=True)
ISO_DATE = STARTED.strftime("%Y-%m-%dT%H:%M:%S.000Z")


class HttpFault(Enum):
    """What becomes of one request that writes."""

    FAIL_500 = auto()  # nothing stored, 500
    STORE_THEN_500 = auto()
    STORE_THEN_CLOSE = auto()  # the connection ends without an answer
    STORE_THEN_HANG = auto()  # the answer never comes, until the server is closed
    CONFLICT_409 = auto()  # nothing stored, 409


@dataclass
class Bucket:
    objects: dict[str, tuple[bytes, int]] = field(default_factory=dict[str, "tuple[bytes, int]"])
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
            self._send_object(*found)

    def _send_object(self, data: bytes, generation: int) -> None:
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if wanted is None:
            self._answer(200, data, _meta(data, generation))
            return
        first, last = int(wanted[1]), min(int(wanted[2] or len(data)), len(data) - 1)
        part = {"Content-Range": f"bytes {first}-{last}/{len(data)}"}
        self._answer(206, data[first : last + 1], _meta(data, generation) | part)

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
            self.bucket.uploads[self.query["uploadId"]][int(self.query["partNumber"])] = self.body
        self._answer(200, b"", {"ETag": _etag(self.body)})

    def _write_object(self, fault: HttpFault | None) -> None:
        condition = self.headers.get("x-goog-if-generation-match")
        with self.server.lock:
            _, standing = self.bucket.objects.get(self.key, (b"", 0))
            if condition is not None and int(condition) != standing:
                refused = True
            else:
                refused = False
                generation = next(self.server.generations)
                self.bucket.objects[self.key] = (self.body, generation)
        if refused:
            self._error(412, "PreconditionFailed")
        else:
            self._answer_write(fault)

    def _answer_write(self, fault: HttpFault | None) -> None:
        if fault is HttpFault.STORE_THEN_500:
            self._error(500, "InternalError")
        elif fault is HttpFault.STORE_THEN_CLOSE:
            self.close_connection = True
        elif fault is HttpFault.STORE_THEN_HANG:
            self.server.closing.wait()
            self.close_connection = True
        else:
            self._answer(200, b"", _meta(self.body, 1))

    def _multipart(self) -> None:
        if "uploads" in self.query:
            upload = f"upload-{next(self.server.generations)}"
            self.bucket.uploads[upload] = {}
            self._answer(200, _element("InitiateMultipartUploadResult", UploadId=upload).encode())
            return
        with self.server.lock:
            parts = self.bucket.uploads.pop(self.query["uploadId"])
            numbers = [int(n) for n in re.findall(r"<PartNumber>(\d+)</PartNumber>", self.body.decode())]
            data = b"".join(parts[number] for number in numbers)
            self.bucket.objects[self.key] = (data, next(self.server.generations))
        self._answer(
            200, _element("CompleteMultipartUploadResult", ETag=_etag(data)).encode(), _meta(data, 1)
        )

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
    objects = "".join(_contents(key, data) for key, data in page if data is not None)
    token = f"<NextContinuationToken>{escape(page[-1][0])}</NextContinuationToken>" if more else ""
    return (
        f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>{token}{objects}{folders}"
        "</ListBucketResult>"
    )


def _entries(bucket: Bucket, prefix: str, delimiter: str, after: str) -> Iterator[tuple[str, bytes | None]]:
    """Keys with their data, and what the delimiter folds together with None, after a key."""
    last = None
    for key in sorted(bucket.objects, key=str.encode):
        if not key.startswith(prefix):
            continue
        head, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
        name = prefix + head + delimiter if found else key
        if name > after and name != last:
            last = name
            yield name, None if found else bucket.objects[key][0]


def _contents(key: str, data: bytes) -> str:
    fields = f"<Key>{escape(key)}</Key><LastModified>{ISO_DATE}</LastModified>"
    return f"<Contents>{fields}<ETag>{_etag(data)}</ETag><Size>{len(data)}</Size></Contents>"


def _element(name: str, **children: str) -> str:
    return f"<{name}>{''.join(f'<{tag}>{escape(text)}</{tag}>' for tag, text in children.items())}</{name}>"


def _etag(data: bytes) -> str:
    return f'"{hashlib.md5(data).hexdigest()}"'


def _meta(data: bytes, generation: int) -> dict[str, str]:
    return {"ETag": _etag(data), "Last-Modified": DATE, "x-goog-generation": str(generation)}
