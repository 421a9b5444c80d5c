"""The entries of the cache in one store: a row of revisions for each key."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from skylift.artifacts import take
from skylift.ledger import keys
from skylift.ledger.records import UNREADABLE, CacheRecord, Miss, Origin, now, parse
from skylift.store.objects import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from skylift.caching.key import KeyParts
    from skylift.ledger.records import ResultRecord
    from skylift.store.objects import ObjectStore
    from skylift_contract.settings import CachePolicy


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: an entry of this key that this policy takes, of another run than `run`."""

    parts: KeyParts
    policy: CachePolicy
    run: str = ""


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a look into the cache came to.

    `found`: the newest entry that is good, else `miss` says why there is none. `revision`: the
    first that is free. `wanted` is None where the step has no key.
    """

    wanted: Wanted | None
    miss: Miss
    found: CacheRecord | None = None
    revision: int = 0


def look_up(store: ObjectStore, wanted: Mapping[str, Wanted]) -> dict[str, Lookup]:
    """Look for several at once, by any names; at a service in parallel."""
    if store.transport.readers == 1 or len(wanted) == 1:
        return {name: look_for(store, one) for name, one in wanted.items()}
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(store.transport.readers) as readers:
        found = readers.map(partial(look_for, store), wanted.values())
        return dict(zip(wanted, found, strict=True))


def look_for(store: ObjectStore, wanted: Wanted, moment: datetime | None = None) -> Lookup:
    """The highest revision that is valid; one that is not is passed over.

    The `miss` is that of the highest. `moment` stands for now.
    """
    moment = moment or now()
    listed = ((keys.revision_of(key), key) for key in store.list(keys.cache_folder(wanted.parts.key)))
    numbered = sorted((number, key) for number, key in listed if number is not None)
    revision, miss = (numbered[-1][0] + 1, None) if numbered else (0, Miss.NOTHING)
    for _, key in reversed(numbered):
        record, wrong = _read(store, key, wanted, moment)
        if record is not None:
            return Lookup(wanted, Miss.NOTHING, record, revision)
        miss = miss or wrong
    return Lookup(wanted, miss or Miss.NOTHING, None, revision)


def _read(
    store: ObjectStore, key: str, wanted: Wanted, moment: datetime
) -> tuple[CacheRecord | None, Miss | None]:
    data = store.get(key)
    try:
        record = parse(CacheRecord, data, key) if data is not None else None
    except UNREADABLE:
        return None, Miss.DAMAGED
    if record is None or record.origin.run_id == wanted.run:
        return None, Miss.NOTHING
    if is_expired(record, wanted.policy, moment):
        return None, Miss.EXPIRED
    if not all(take(store, ref.digest) for ref in record.outputs.values()):
        return None, Miss.DAMAGED
    return record, None


def is_expired(record: CacheRecord, policy: CachePolicy, moment: datetime) -> bool:
    """By what it was stored with, and by what is asked for now: the shorter counts."""
    if record.expires is not None and record.expires <= moment:
        return True
    return policy.expires_after is not None and moment - record.made >= policy.expires_after


def remember(store: ObjectStore, looked: Lookup, run_id: str, result: ResultRecord) -> None:
    """Store what a step made as the next revision of its key, whoever else stores one."""
    if looked.wanted is None:
        return
    parts, after = looked.wanted.parts, looked.wanted.policy.expires_after
    record = CacheRecord(
        parts=parts,
        origin=Origin(run_id=run_id, invocation_id=result.invocation_id),
        outputs=result.outputs,
        metadata=result.metadata,
        made=result.ended,
        expires=result.ended + after if after else None,
    )
    data, revision = record.to_bytes(), looked.revision
    while store.create(keys.cache(parts.key, revision), data).outcome is Outcome.OTHERS:
        revision += 1
