"""Where a store is: its URI, taken apart and put together again."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

from skylift.store.keys import check_prefix
from skylift.url_passwords import refuse_passwords
from skylift_contract.errors import ConfigurationError, SkyliftError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift.store.objects import ObjectStore
    from skylift.store.transport import Transport

LAYOUT: Final = "skylift/1"
"""What every store's keys are under: the name, and the version of the layout below it."""

_NAME: Final = re.compile(r"[A-Za-z0-9$][A-Za-z0-9._-]{0,221}")
_FORMS: Final = "file:///folder, s3://bucket/path, gs://bucket/path, az://container/path or memory://name"


class Scheme(StrEnum):
    FILE = "file"
    MEMORY = "memory"
    S3 = "s3"
    GS = "gs"
    AZ = "az"


@dataclass(frozen=True, slots=True)
class Location:
    """A store's place.

    Args:
        scheme: The kind of store.
        name: The bucket, the container, or a memory store's name; empty for a folder.
        path: A folder's absolute path; otherwise what comes after the name, without slashes around it.
        endpoint: The address of the service, where one was configured: for errors, which name it.
    """

    scheme: Scheme
    name: str
    path: str
    endpoint: str = field(default="", compare=False)

    @classmethod
    def parse(cls, uri: str) -> Location:
        """Raises `ConfigurationError` (its `UnknownName` for a scheme) for what is no store's URI."""
        refuse_passwords(uri, "the store's URI")
        scheme, separator, rest = uri.partition("://")
        if not separator:
            raise _refused(uri, "it is no URI", _as_file(uri))
        if scheme not in set(Scheme):
            raise UnknownName(
                "store scheme",
                scheme,
                [known.value for known in Scheme],
                who=_who(uri),
                fix=f"Write {_FORMS}.",
            )
        if scheme == Scheme.FILE:
            return cls(Scheme.FILE, "", _folder(uri, rest))
        if scheme == Scheme.MEMORY:
            return cls(Scheme.MEMORY, _memory_name(uri, rest), "")
        name, _, path = rest.partition("/")
        return cls(Scheme(scheme), _bucket(uri, name), _path(uri, path))

    @property
    def uri(self) -> str:
        """The canonical URI, without a slash at its end; `parse` gives this location back."""
        if self.scheme is Scheme.FILE:
            return f"file://{quote(self.path)}"
        return f"{self.scheme}://{self.name}/{self.path}" if self.path else f"{self.scheme}://{self.name}"

    @property
    def who(self) -> str:
        """What an error calls it."""
        return f"store {self.uri} at {self.endpoint}" if self.endpoint else f"store {self.uri}"

    @property
    def root(self) -> str:
        """What stands before every key inside the bucket, or the folder that holds the keys."""
        return f"{self.path.rstrip('/')}/{LAYOUT}" if self.path else LAYOUT


def open_store(uri: str, options: Mapping[str, str] | None = None) -> ObjectStore:
    """The store at a URI; nothing is read, written or connected to yet.

    Args:
        uri: `file:///folder`, `s3://bucket/path`, `gs://bucket/path`, `az://container/path`
            or `memory://name` (which lives in this process alone).
        options: What the environment does not say; `options.OPTIONS` lists them for each scheme.

    Raises `ConfigurationError` for a URI or an option that cannot be.
    """
    from skylift.store.objects import ObjectStore
    from skylift.store.options import check_options

    location = Location.parse(uri)
    return ObjectStore(location.uri, _transport(location, check_options(location, options or {})))


def _transport(location: Location, options: Mapping[str, str]) -> Transport:
    if location.scheme is Scheme.FILE:
        from skylift.store.folder_transport import FolderTransport

        return FolderTransport(location, options)
    from skylift.store.obstore_transport import ObstoreTransport

    return ObstoreTransport(location, options)


def _folder(uri: str, rest: str) -> str:
    if not rest.startswith("/"):
        fix = "Write file://~/… as the absolute path." if rest.startswith("~") else _as_file(rest)
        raise _refused(uri, "a file store needs an absolute path, after three slashes", fix)
    path = os.path.normpath(unquote(rest))
    return f"/{path.lstrip('/')}"


def _bucket(uri: str, name: str) -> str:
    kind = "container" if uri.startswith("az:") else "bucket"
    if not name:
        raise _refused(uri, f"it names no {kind}", f"Write {_FORMS}.")
    if _NAME.fullmatch(name) is None:
        raise _refused(uri, f"{name!r} cannot be the name of a {kind}", f"Write {_FORMS}.")
    return name


def _memory_name(uri: str, rest: str) -> str:
    name = rest.removesuffix("/")
    if name and _NAME.fullmatch(name) is None:
        raise _refused(uri, f"{name!r} cannot be the name of a memory store", "Write memory://name.")
    return name


def _path(uri: str, path: str) -> str:
    try:
        return check_prefix(path)
    except SkyliftError as error:
        fix = "Leave out the query and correct the path." if {"?", "#"} & set(path) else "Correct the path."
        raise _refused(uri, f"its path cannot be used: {error.what}", fix) from None


def _as_file(text: str) -> str:
    return f"For a folder on this machine write file://{quote(str(Path(text).absolute()))}."


def _who(uri: str) -> str:
    return f"store {uri!r}"


def _refused(uri: str, what: str, fix: str) -> ConfigurationError:
    return ConfigurationError(what, who=_who(uri), fix=fix)


def folder_of(uri: str) -> Path | None:
    """The folder of a file store; None for any other."""
    location = Location.parse(uri)
    return Path(location.path) if location.scheme is Scheme.FILE else None
