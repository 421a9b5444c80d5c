"""Finding what nothing needs, and deleting it.

What is written now is younger than the grace, and stays: a record that names it may be to come.
What is old and is needed anew is written again by whoever needs it (`skylift.store.objects.FRESH`),
and so is young: it is looked at once more directly before it is deleted.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from skylift.artifacts import RECORD
from skylift.garbage.reached import check_grace, reached
from skylift.ledger import keys
from skylift.store.objects import FRESH

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

    from skylift.garbage.reached import Reached
    from skylift.ledger.ledger import Ledger
    from skylift.store.objects import ObjectStore
    from skylift.store.transport import Stored

GRACE: Final = 2 * FRESH
"""By default, and at least."""

KINDS: Final = {
    "cache": "cache entries",
    "artifacts": "artifacts",
    "snapshots": "snapshots",
    "code": "code",
    "submissions": "submissions",
    "runs": "remains of deleted runs",
}
"""Folder of the store → what is in it, for people; in the order in which it is deleted.

The cache is first: without its entries nobody comes for the artifacts, and a call that is cut off
leaves artifacts that the next one finds, whatever it is told of the cache.
"""


@dataclass(frozen=True, slots=True)
class Garbage:
    """What nothing needs: the objects of one artifact, snapshot, archive, submission, entry or run."""

    kind: str
    name: str
    objects: tuple[Stored, ...]

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(one.size for one in self.objects)

    @property
    def goes_young(self) -> bool:
        """An entry of the cache may: who misses it runs a step once more, and stores it anew."""
        return self.kind == "cache"


def find(
    ledger: Ledger, moment: datetime, grace: timedelta = GRACE, cache_age: timedelta | None = None
) -> Iterator[Garbage]:
    """What nothing needed at a moment, and was older than the grace then.

    With a `cache_age`, entries of the cache count as needed by nobody once their newest revision is
    older than that.

    Raises `ConfigurationError` for a grace that is too short, and `DamagedObject` or
    `RecordTooNew` where a record cannot be read: what it needs is not known then.
    """
    check_grace(grace, GRACE)
    needed = reached(ledger, moment, grace, cache_age)
    oldest = moment - grace
    for kind in KINDS:
        for name, objects in _grouped(ledger.store, kind).items():
            one = Garbage(kind, name, tuple(objects))
            if not _is_needed(needed, kind, name) and (one.goes_young or _is_older(objects, oldest)):
                yield one


def delete(store: ObjectStore, found: Garbage, oldest: datetime) -> bool:
    """Delete it, unless something of it was written after `oldest`; whether it is deleted.

    The record of an artifact goes first: without it, nobody takes the rest for one.
    """
    standing = [one.key for one in found.objects]
    ages = () if found.goes_young else map(store.transport.modified, standing)
    if not all(modified < oldest for modified in ages if modified):
        return False
    store.delete(key for key in standing if key.endswith(f"/{RECORD}"))
    store.delete(key for key in standing if not key.endswith(f"/{RECORD}"))
    return True


def _grouped(store: ObjectStore, folder: str) -> dict[str, list[Stored]]:
    """Objects by what they are of; a key that is no one's, such as a file manager's, is left out."""
    found: dict[str, list[Stored]] = defaultdict(list)
    for one in store.stored(folder):
        if name := _name(one.key):
            found[name].append(one)
    return found


def _name(key: str) -> str:
    match key.split("/"):
        case ["snapshots", file] if file.endswith(".json"):
            return file.removesuffix(".json")
        case ["code", file] if file.endswith(".zip"):
            return file.removesuffix(".zip")
        case ["cache", _, _] if keys.revision_of(key) is not None:
            return key
        case ["artifacts" | "submissions" | "runs", name, _, *_]:
            return name
        case _:
            return ""


def _is_needed(needed: Reached, kind: str, name: str) -> bool:
    match kind:
        case "runs":
            return name not in needed.remains
        case "cache":
            return name not in needed.dropped
        case _:
            return name in getattr(needed, kind)


def _is_older(objects: list[Stored], oldest: datetime) -> bool:
    return all(one.modified < oldest for one in objects)
