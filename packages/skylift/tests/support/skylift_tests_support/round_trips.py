"""Saving a value and loading it again, through a store in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from skylift import artifacts
from skylift.store.location import open_store

if TYPE_CHECKING:
    from skylift.store.objects import ObjectStore
    from skylift_contract.snapshot import ArtifactRef

WHO = "run r1, step 'make', output 'output'"


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """What came back, and how it was stored."""

    value: Any
    ref: ArtifactRef
    manifest: artifacts.Manifest
    store: ObjectStore

    @property
    def materializer(self) -> str:
        return self.ref.materializer


def new_store() -> ObjectStore:
    return open_store(f"memory://{uuid4().hex}")


def round_trip(
    value: Any, annotation: Any = Any, reader: Any = Any, store: ObjectStore | None = None
) -> RoundTrip:
    """Saved under one annotation, read under another."""
    store = store or new_store()
    ref = artifacts.save(store, value, annotation, WHO)
    _, manifest = artifacts.open_files(store, ref.digest, WHO)
    return RoundTrip(artifacts.load(store, ref, reader, WHO), ref, manifest, store)
