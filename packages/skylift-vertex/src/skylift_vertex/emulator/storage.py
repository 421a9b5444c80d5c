"""Cloud Storage's XML API on loopback, as much of it as a store asks for.

Objects with generations and preconditions, ranges, listings in pages, multipart uploads. Source:
cloud.google.com/storage/docs/xml-api
"""

from __future__ import annotations

import hashlib
import re
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import count
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from skylift_testkit.emulator.server import Answer, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skylift_testkit.emulator.server import Request

PAGE: Final = 1000
"""Keys of a listing's page, at most."""

HOST_ENV: Final = "STORAGE_EMULATOR_HOST"


@dataclass(frozen=True, slots=True)
class Object:
    content: bytes
    generation: int
    written: datetime

    @property
    def etag(self) -> str:
        return f'"{hashlib.md5(self.content, usedforsecurity=False).hexdigest()}"'

    def headers(self) -> dict[str, str]:
        return {
            "ETag": self.etag,
            "Last-Modified": format_datetime(self.written, usegmt=True),
            "x-goog-generation": str(self.generation),
        }


@dataclass
class Bucket:
    objects: dict[str, Object] = field(default_factory=dict[str, Object])
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict[str, "dict[int, bytes]"])


class Storage:
    """Buckets by their names; each call is one route's answer."""

    def __init__(self) -> None:
        self._lock, self._numbers = threading.Lock(), count(1)
        self._buckets: dict[str, Bucket] = {}

    def make_bucket(self, name: str) -> None:
        with self._lock:
            self._buckets.setdefault(name, Bucket())

    def list(self, request: Request) -> Answer:
        bucket = self._bucket(request)
        with self._lock:
            return _xml(_page(bucket, request.query))

    def read(self, request: Request) -> Answer:
        """The whole, or the bytes of a range."""
        bucket, key = self._bucket(request), request.names["key"]
        with self._lock:
            found = bucket.objects.get(key)
        if found is None:
            raise Refusal(404, "NoSuchKey", "The specified key does not exist.")
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", _header(request, "range") or "")
        if wanted is None:
            return Answer(found.content, 200, found.headers())
        size = len(found.content)
        first, last = int(wanted[1]), min(int(wanted[2] or size), size - 1)
        part = {"Content-Range": f"bytes {first}-{last}/{size}"}
        return Answer(found.content[first : last + 1], 206, found.headers() | part)

    def write(self, request: Request) -> Answer:
        """An object where the precondition holds, or a part of an upload."""
        bucket, key = self._bucket(request), request.names["key"]
        with self._lock:
            if "uploadId" in request.query:
                self._upload(bucket, request)[int(request.query["partNumber"])] = request.body
                return Answer(b"", 200, {"ETag": Object(request.body, 0, datetime.now(UTC)).etag})
            condition = _header(request, "x-goog-if-generation-match")
            standing = bucket.objects[key].generation if key in bucket.objects else 0
            if condition is not None and int(condition) != standing:
                raise Refusal(412, "PreconditionFailed", "At least one of the pre-conditions does not hold.")
            return Answer(b"", 200, self._put(bucket, key, request.body).headers())

    def post(self, request: Request) -> Answer:
        """Begin an upload, or make an object of its parts."""
        bucket, key = self._bucket(request), request.names["key"]
        with self._lock:
            if "uploads" in request.query:
                upload = f"upload-{next(self._numbers)}"
                bucket.uploads[upload] = {}
                return _xml(_element("InitiateMultipartUploadResult", UploadId=upload))
            parts = self._upload(bucket, request)
            numbers = re.findall(r"<PartNumber>(\d+)</PartNumber>", request.body.decode())
            made = self._put(bucket, key, b"".join(parts[int(number)] for number in numbers))
            del bucket.uploads[request.query["uploadId"]]
        return _xml(_element("CompleteMultipartUploadResult", ETag=made.etag), made.headers())

    def delete(self, request: Request) -> Answer:
        """An object, or what there is of an upload."""
        bucket, key = self._bucket(request), request.names["key"]
        with self._lock:
            if "uploadId" in request.query:
                bucket.uploads.pop(request.query["uploadId"], None)
            elif bucket.objects.pop(key, None) is None:
                raise Refusal(404, "NoSuchKey", "The specified key does not exist.")
        return Answer(None, 204)

    def _bucket(self, request: Request) -> Bucket:
        with self._lock:
            found = self._buckets.get(request.names["bucket"])
        if found is None:
            raise Refusal(404, "NoSuchBucket", "The specified bucket does not exist.")
        return found

    def _upload(self, bucket: Bucket, request: Request) -> dict[int, bytes]:
        found = bucket.uploads.get(request.query.get("uploadId", ""))
        if found is None:
            raise Refusal(404, "NoSuchUpload", "The requested upload was not found.")
        return found

    def _put(self, bucket: Bucket, key: str, content: bytes) -> Object:
        bucket.objects[key] = Object(content, next(self._numbers), datetime.now(UTC))
        return bucket.objects[key]


def _header(request: Request, name: str) -> str | None:
    return next((value for key, value in request.headers.items() if key.lower() == name), None)


def form(refusal: Refusal) -> Answer:
    return _xml(_element("Error", Code=refusal.code, Message=refusal.message), status=refusal.status)


def _page(bucket: Bucket, query: Mapping[str, str]) -> str:
    """Of ListObjectsV2: keys sorted by their UTF-8 bytes, with common prefixes."""
    after = query.get("continuation-token") or query.get("start-after", "")
    size = min(PAGE, int(query.get("max-keys", PAGE)))
    entries = list(_entries(bucket, query.get("prefix", ""), query.get("delimiter", ""), after))
    page, has_more = entries[:size], len(entries) > size
    told = "".join(_entry(key, found) for key, found in page)
    token = f"<NextContinuationToken>{escape(page[-1][0])}</NextContinuationToken>" if has_more else ""
    is_truncated = f"<IsTruncated>{str(has_more).lower()}</IsTruncated>"
    return f"<ListBucketResult>{is_truncated}{token}{told}</ListBucketResult>"


def _entries(bucket: Bucket, prefix: str, delimiter: str, after: str) -> Iterator[tuple[str, Object | None]]:
    """Keys after one, and what the delimiter folds together with None."""
    last = None
    for key in sorted(bucket.objects, key=str.encode):
        if not key.startswith(prefix):
            continue
        head, is_folded, _ = key[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
        name = prefix + head + delimiter if is_folded else key
        if name.encode() > after.encode() and name != last:
            last = name
            yield name, None if is_folded else bucket.objects[key]


def _entry(key: str, found: Object | None) -> str:
    if found is None:
        return f"<CommonPrefixes><Prefix>{escape(key)}</Prefix></CommonPrefixes>"
    written = found.written.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    size = str(len(found.content))
    return _element("Contents", Key=key, LastModified=written, ETag=found.etag, Size=size)


def _element(name: str, **children: str) -> str:
    return f"<{name}>{''.join(f'<{tag}>{escape(text)}</{tag}>' for tag, text in children.items())}</{name}>"


def _xml(text: str, headers: Mapping[str, str] | None = None, status: int = 200) -> Answer:
    return Answer(text.encode(), status, {"Content-Type": "application/xml", **(headers or {})})
