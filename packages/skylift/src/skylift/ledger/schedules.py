"""Looking at the schedules of a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skylift.ledger import keys
from skylift.ledger.ledger import Found
from skylift.ledger.records import UNREADABLE, parse
from skylift.ledger.schedule_record import ScheduleRecord
from skylift_contract.errors import UnknownName

if TYPE_CHECKING:
    from skylift.ledger.ledger import Ledger


def standing(ledger: Ledger, name: str) -> ScheduleRecord | None:
    """How a schedule stands, a deleted one too; None when there never was one of that name."""
    return next(ledger.schedule_revisions(name), None)


def all_schedules(ledger: Ledger) -> Found[ScheduleRecord]:
    """Every schedule as it stands, deleted ones too, by name; one that cannot be read hides no other."""
    newest: dict[str, tuple[int, str]] = {}
    for key in ledger.store.list(keys.SCHEDULES):
        number, folder = keys.revision_of(key), key.rpartition("/")[0]
        if number is not None:
            newest[folder] = max(newest.get(folder, (-1, "")), (number, key))
    found, unreadable = dict[str, ScheduleRecord](), dict[str, str]()
    wanted = [key for _, key in newest.values()]
    for key, data in zip(wanted, ledger.store.get_many(wanted), strict=True):
        try:
            if data is not None:
                record = parse(ScheduleRecord, data, key)
                found[record.schedule.name] = record
        except UNREADABLE as error:
            unreadable[key] = str(error)
    return Found(dict(sorted(found.items())), unreadable)


def checked_name(ledger: Ledger, name: str) -> str:
    """The name, of a schedule that stands or stood; raises `UnknownName`, offering the nearest."""
    if standing(ledger, name) is None:
        known = all_schedules(ledger).records
        raise UnknownName("schedule", name, known, who=ledger.store.uri, fix="See: skylift schedule list")
    return name


def firings(ledger: Ledger, name: str) -> frozenset[str]:
    """The digests of every snapshot that the schedule has had: a run of one of them is a firing."""
    return frozenset(record.schedule.snapshot for record in ledger.schedule_revisions(name))
