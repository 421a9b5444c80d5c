"""Artifacts: content-addressed data, with a manifest that says how to read it.

`artifacts/<digest>/artifact.json` is the manifest, and the digest is the sha256 of its
bytes; `artifacts/<digest>/data/<name>` are the files whose hashes it holds.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import JsonValue, ValidationError

from skylift.ledger import keys
from skylift.materializers.base import NewFiles, StoredFile, StoredFiles
from skylift.materializers.registry import by_name, candidates
from skylift_contract.canonical import canonical_json, digest
from skylift_contract.errors import DamagedObject, MaterializationError, RecordTooNew
from skylift_contract.model import Frozen
from skylift_contract.snapshot import ArtifactRef

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift.store.objects import ObjectStore

MAJOR: Final = 1
_SAFE: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,79}")


class FileEntry(Frozen):
    name: str
    key: str
    size: int
    sha256: str


class Manifest(Frozen):
    """What an artifact is made of; `details` are its materializer's own."""

    major: int = MAJOR
    type: str
    materializer: str
    details: dict[str, JsonValue] = {}
    files: tuple[FileEntry, ...] = ()


def save(store: ObjectStore, value: Any, annotation: Any, who: str) -> ArtifactRef:
    """Store a value and return where it lies; the manifest comes last.

    Raises `MaterializationError` when no materializer takes the value.
    """
    files = NewFiles()
    try:
        name, details = _materialize(value, annotation, files, who)
        manifest = _manifest(value, name, details, files.contents)
        content = canonical_json(manifest)
        folder = keys.artifact(digest(content))
        if not store.exists(f"{folder}artifact.json"):
            for entry in manifest.files:
                store.put_content(f"{folder}data/{entry.key}", files.contents[entry.name])
            store.put_content(f"{folder}artifact.json", content)
    finally:
        files.close()
    return ArtifactRef(
        digest=digest(content),
        type=manifest.type,
        materializer=name,
        size=sum(entry.size for entry in manifest.files),
    )


def _materialize(value: Any, annotation: Any, files: NewFiles, who: str) -> tuple[str, dict[str, Any]]:
    reasons: list[str] = []
    for name in candidates(value):
        files.contents.clear()
        try:
            return name, dict(by_name(name).save(value, annotation, files) or {})
        except MaterializationError as error:
            reasons.append(f"{name}: {error.what}")
    raise MaterializationError(
        f"a value of type {type_name(value)} cannot be stored ({'; '.join(reasons)})",
        who=who,
        fix="Return data rather than a live resource, or name a materializer for its type.",
    )


def type_name(value: Any) -> str:
    return f"{type(value).__module__}:{type(value).__qualname__}"


def _manifest(
    value: Any, materializer: str, details: dict[str, Any], contents: Mapping[str, bytes | Path]
) -> Manifest:
    # Names come from people's folders; they are keys only where every store takes them as they are.
    safe = all(_SAFE.fullmatch(part) for name in contents for part in name.split("/"))
    return Manifest(
        type=type_name(value),
        materializer=materializer,
        details=details,
        files=tuple(
            _entry(name, name if safe else str(number), data)
            for number, (name, data) in enumerate(contents.items())
        ),
    )


def _entry(name: str, key: str, data: bytes | Path) -> FileEntry:
    if isinstance(data, bytes):
        return FileEntry(name=name, key=key, size=len(data), sha256=digest(data))
    with data.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return FileEntry(name=name, key=key, size=data.stat().st_size, sha256=sha256)


def load(store: ObjectStore, ref: ArtifactRef, annotation: Any, who: str) -> Any:
    """Read a value back.

    Raises `DamagedObject`, naming the object, when bytes are missing or have changed.
    """
    files, manifest = open_files(store, ref.digest, who)
    try:
        return by_name(manifest.materializer).load(files, manifest.details, annotation)
    except ModuleNotFoundError as error:
        raise MaterializationError(
            f"reading {manifest.type} needs a package that is not installed here: {error.name}",
            who=who,
            fix=f"Install {error.name}.",
        ) from error


def open_files(store: ObjectStore, artifact: str, who: str) -> tuple[StoredFiles, Manifest]:
    """An artifact's files, verified as they are read, and its manifest."""
    folder = keys.artifact(artifact)
    manifest = read_manifest(store, artifact, who)
    key = {entry.name: f"{folder}data/{entry.key}" for entry in manifest.files}
    files = StoredFiles(
        {entry.name: StoredFile(entry.name, entry.size, entry.sha256) for entry in manifest.files},
        lambda name: store.get(key[name]),
        lambda name, path: store.get_file(key[name], path),
        f"{who}, {folder}",
    )
    return files, manifest


def read_manifest(store: ObjectStore, artifact: str, who: str) -> Manifest:
    key = f"{keys.artifact(artifact)}artifact.json"
    content = store.get(key)
    if content is None:
        raise DamagedObject("the artifact is missing", who=f"{who}, {key}")
    if digest(content) != artifact:
        raise DamagedObject("its record's bytes have changed since they were written", who=f"{who}, {key}")
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        raise DamagedObject("it is no artifact's record", who=f"{who}, {key}") from error
    if manifest.major > MAJOR:
        raise RecordTooNew(
            "it was written by a newer Skylift", who=f"{who}, {key}", value=manifest.major, limit=MAJOR
        )
    return manifest
