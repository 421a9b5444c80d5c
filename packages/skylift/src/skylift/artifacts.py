"""Artifacts: content-addressed data, with a manifest that says how to read it.

`artifacts/<digest>/artifact.json` is the manifest, and the digest is the sha256 of its
bytes; `artifacts/<digest>/data/<name>` are the files whose hashes it holds. A short text that
is an artifact's only file stands in the manifest itself: numbers and metrics cost one object.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic import Field, JsonValue, ValidationError

from skylift.ledger import keys
from skylift.materializers.base import NewFiles, StoredFile, StoredFiles, restore
from skylift.materializers.registry import LAST_RESORT, by_name, candidates
from skylift_contract.canonical import canonical_json, digest
from skylift_contract.errors import DamagedObject, MaterializationError, RecordTooNew, SkyliftError
from skylift_contract.model import Frozen
from skylift_contract.snapshot import ArtifactRef

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from skylift.store.objects import ObjectStore

MAJOR: Final = 1
RECORD: Final = "artifact.json"
_SEGMENT: Final = r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,78}[A-Za-z0-9_-])?"
_SAFE: Final = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*")
SHORT: Final = 1024
"""Bytes of text that need no object of their own."""
_LONGEST: Final = 400
"""Characters of a name that is a key as it is; a store has room for 900 (`skylift.store.keys`)."""


class _Major(Frozen):
    major: int


class FileEntry(Frozen):
    """One file: below `data/` under its key, or, where it is `text`, here and nowhere else."""

    name: str
    key: str
    size: int
    sha256: str
    text: str | None = None


class Manifest(Frozen):
    """What an artifact is made of; `details` are its materializer's own."""

    major: int = MAJOR
    type: str
    materializer: str
    details: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])
    files: tuple[FileEntry, ...] = ()


def save(store: ObjectStore, value: Any, annotation: Any, who: str) -> ArtifactRef:
    """Store a value and return where it lies; the manifest comes last, and is asked for first.

    A file that somebody deleted beside its manifest is stored again.

    Raises `MaterializationError` when no materializer takes the value.
    """
    files = NewFiles()
    try:
        name, details = _materialize(value, annotation, files, who)
        manifest = _manifest(value, name, details, files.contents)
        content = canonical_json(manifest)
        folder = keys.artifact(digest(content))
        apart = {f"{folder}data/{one.key}": one.name for one in manifest.files if one.text is None}
        if not all(map(store.has_fresh, (f"{folder}{RECORD}", *apart))):
            for key, file in apart.items():
                store.put_content(key, files.contents[file])
            store.put_content(f"{folder}{RECORD}", content)
    finally:
        files.close()
    return ArtifactRef(
        digest=digest(content),
        type=manifest.type,
        materializer=name,
        size=sum(entry.size for entry in manifest.files),
    )


def _materialize(value: Any, annotation: Any, files: NewFiles, who: str) -> tuple[str, dict[str, Any]]:
    refused: list[tuple[str, MaterializationError]] = []
    kind = cast("type[Any]", type(value))
    for name in candidates(kind):
        files.contents.clear()
        try:
            return name, dict(by_name(name).save(value, annotation, files) or {})
        except MaterializationError as error:
            refused.append((name, error))
            if error.fix:
                break
        except SkyliftError:
            raise
        except ModuleNotFoundError as error:
            package = _package(error)
            raise MaterializationError(
                f"storing a {type_name(value)} needs {package!r}, which is not to be had here",
                who=who,
                fix=f"pip install {package}",
            ) from error
        except Exception as error:
            raise MaterializationError(
                f"the materializer {name!r} failed: {type(error).__name__}: {error}", who=who
            ) from error
    raise _unstorable(value, refused, who)


def _unstorable(
    value: Any, refused: list[tuple[str, MaterializationError]], who: str
) -> MaterializationError:
    last, error = refused[-1]
    # What cloudpickle cannot store, nothing can: why others could not is no news then.
    shown = refused[-1:] if error.fix or last == LAST_RESORT else refused
    reasons = "; ".join(reason.what for _, reason in shown)
    return MaterializationError(
        f"a value of type {type_name(value)} cannot be stored: {reasons}",
        who=who,
        value=error.value,
        limit=error.limit,
        fix=error.fix or "Return data rather than a live resource, or install a materializer for its type.",
    )


def type_name(value: Any) -> str:
    return f"{type(value).__module__}:{type(value).__qualname__}"


def _manifest(
    value: Any, materializer: str, details: dict[str, Any], contents: Mapping[str, bytes | Path]
) -> Manifest:
    is_safe, is_only = _are_keys(contents), len(contents) == 1
    return Manifest(
        type=type_name(value),
        materializer=materializer,
        details=details,
        files=tuple(
            _entry(name, name if is_safe else str(number), data, SHORT if is_only else -1)
            for number, (name, data) in enumerate(contents.items())
        ),
    )


def _are_keys(names: Collection[str]) -> bool:
    """Names come from people's folders; they are keys only where every store keeps them apart as they are."""
    is_apart = len({name.lower() for name in names}) == len(names)
    return is_apart and all(_SAFE.fullmatch(name) and len(name) <= _LONGEST for name in names)


def _entry(name: str, key: str, data: bytes | Path, short: int) -> FileEntry:
    if isinstance(data, bytes):
        text = _text(data) if len(data) <= short else None
        return FileEntry(name=name, key=key, size=len(data), sha256=digest(data), text=text)
    with data.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return FileEntry(name=name, key=key, size=data.stat().st_size, sha256=sha256)


def _text(data: bytes) -> str | None:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def load(store: ObjectStore, ref: ArtifactRef, annotation: Any, who: str) -> Any:
    """Read a value back.

    Raises `DamagedObject`, naming the object, when bytes are missing or have changed, and
    `MaterializationError` when what reads them is not here or cannot.
    """
    files, manifest = open_files(store, ref.digest, who)
    try:
        return by_name(manifest.materializer).load(files, manifest.details, annotation)
    except MaterializationError as error:
        raise MaterializationError(
            error.what, who=error.who or who, value=error.value, limit=error.limit, fix=error.fix
        ) from error
    except SkyliftError:
        raise
    except ModuleNotFoundError as error:
        raise _not_installed(manifest, error, who) from error
    except Exception as error:
        raise MaterializationError(
            f"the materializer {manifest.materializer!r} cannot read it: {type(error).__name__}: {error}",
            who=who,
            fix="Read it with the packages that the step which saved it had.",
        ) from error
    finally:
        files.close()


def _not_installed(manifest: Manifest, error: ModuleNotFoundError, who: str) -> MaterializationError:
    package = _package(error)
    return MaterializationError(
        f"reading a {manifest.type} needs {package!r}, which is not to be had here",
        who=who,
        fix=f"Install {package}, or put its folder on sys.path.",
    )


def _package(error: ModuleNotFoundError) -> str:
    return (error.name or "").partition(".")[0]


def only_file(store: ObjectStore, artifact: str) -> str | None:
    """The key below `data/` of an artifact that is one file; None for any other."""
    files = read_manifest(store, artifact, "artifact").files
    return files[0].key if len(files) == 1 and files[0].text is None else None


def open_files(store: ObjectStore, artifact: str, who: str) -> tuple[StoredFiles, Manifest]:
    """An artifact's files, verified as they are read, and its manifest."""
    folder = keys.artifact(artifact)
    manifest = read_manifest(store, artifact, who)
    files = {
        entry.name: StoredFile(
            entry.name,
            f"{folder}data/{entry.key}",
            entry.size,
            entry.sha256,
            None if entry.text is None else entry.text.encode(),
        )
        for entry in manifest.files
    }
    return StoredFiles(files, store, who), manifest


def is_whole(store: ObjectStore, artifact: str) -> bool:
    """Whether its manifest is there as it was written; its larger files are verified when they are read."""
    content = store.get(f"{keys.artifact(artifact)}{RECORD}")
    return content is not None and digest(content) == artifact


def take(store: ObjectStore, artifact: str) -> bool:
    """`is_whole`, for who relies on it from now on: one that is old is made `FRESH`, so that gc leaves it."""
    key = f"{keys.artifact(artifact)}{RECORD}"
    content = store.get(key)
    if content is None or digest(content) != artifact:
        return False
    if not store.has_fresh(key):
        store.put_content(key, content)
    return True


def is_there(store: ObjectStore, artifact: str) -> bool:
    """Whether its manifest is whole, and each file that it names is there; their bytes are not read."""
    if not is_whole(store, artifact):
        return False
    folder = keys.artifact(artifact)
    files = read_manifest(store, artifact, "artifact").files
    wanted = {f"{folder}data/{entry.key}" for entry in files if entry.text is None}
    return not wanted or wanted <= set(store.list(folder))


def read_manifest(store: ObjectStore, artifact: str, who: str) -> Manifest:
    """Raises `DamagedObject`, or `RecordTooNew` for one that a newer Skylift wrote in another way."""
    key = f"{keys.artifact(artifact)}{RECORD}"
    named = f"{who}, object {key}"
    content = store.get(key)
    if content is None:
        raise DamagedObject("it is missing", who=named, fix=restore(key))
    if digest(content) != artifact:
        raise DamagedObject("its bytes have changed since they were written", who=named, fix=restore(key))
    try:
        _check_major(content, named)
        return Manifest.model_validate_json(content)
    except ValidationError as error:
        raise DamagedObject("it is no artifact's record", who=named, fix=restore(key)) from error


def _check_major(content: bytes, who: str) -> None:
    """Before anything else of it is read: all else may be another in a newer one."""
    major = _Major.model_validate_json(content).major
    if major > MAJOR:
        raise RecordTooNew(
            "it was written by a newer Skylift", who=who, value=major, limit=MAJOR, fix="Upgrade skylift."
        )
