"""Deleting the records of one run, in an order that no reader can mistake for anything else.

Nobody finds a run without its `index/` entry or its `run.json`, so these go first. What says how
it ended goes last of its folder: a reader that had found the run before still reads that of it.
Artifacts stay; `gc` deletes those that nothing else needs.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from skylift.ledger import keys
from skylift.ledger.records import UNREADABLE, ScheduleRecord, parse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from skylift.ledger.ledger import Ledger


class _Deployed(ScheduleRecord):
    submission_id: str | None = None


def delete_run(ledger: Ledger, run_id: str, submission: str | None) -> None:
    """Delete a run's records and logs; `submission`: what became it, deleted too where nothing else is of it.

    Called again, it finishes what a former call began.
    """
    store = ledger.store
    entries = [key for key in store.list(keys.INDEX) if keys.is_index(key)]
    store.delete(key for key in entries if keys.run_of_index(key) == run_id)
    store.delete([keys.run(run_id)])
    found = store.list(keys.run_folder(run_id))
    ends = [key for key in found if key.startswith(keys.ends(run_id))]
    store.delete(key for key in found if key not in ends)
    store.delete(ends)
    if submission and _is_of(ledger, submission, run_id) and submission not in deployed(ledger):
        # A link to no run reads as "there is no such run"; a request without a link, as one to come.
        store.delete([keys.request(submission)])
        store.delete([keys.submitted_run(submission)])


def _is_of(ledger: Ledger, submission: str, run_id: str) -> bool:
    with suppress(*UNREADABLE):
        return ledger.run_of_submission(submission) == run_id
    return False


def deployed(ledger: Ledger) -> set[str]:
    """The submissions that revisions of schedules name: firings ask theirs what they run on."""
    found = [key for key in ledger.store.list("schedules") if keys.revision_of(key) is not None]
    records = _parsed(zip(found, ledger.store.get_many(found), strict=True))
    return {record.submission_id for record in records if record.submission_id}


def _parsed(found: Iterable[tuple[str, bytes | None]]) -> Iterable[_Deployed]:
    return (parse(_Deployed, data, key) for key, data in found if data is not None)
