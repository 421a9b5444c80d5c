"""Deleting the records of one run, in an order that no reader can mistake for anything else.

Nobody finds a run without its `index/` entry or its `run.json`, so these go first. What says how
it ended goes last of its folder: a reader that had found the run before still reads that of it.
Artifacts stay; `gc` deletes those that nothing else needs.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from skylift.ledger import keys
from skylift.ledger.calls import calls_of
from skylift.ledger.records import UNREADABLE, parse
from skylift.ledger.schedule_record import ScheduleRecord

if TYPE_CHECKING:
    from skylift.ledger.ledger import Ledger


def delete_run(ledger: Ledger, run_id: str, submission: str | None) -> None:
    """Delete a run's records and logs, and its nested runs.

    `submission`: what became it, deleted too where nothing else is of it.

    Called again, it finishes what a former call began.
    """
    store = ledger.store
    entries = [key for key in store.list(keys.INDEX) if keys.is_index(key)]
    store.delete(key for key in entries if keys.run_of_index(key) == run_id)
    store.delete([keys.run(run_id)])
    for call in calls_of(ledger, run_id):
        if call.sub_run:
            delete_run(ledger, call.sub_run, None)
    found = store.list(keys.run_folder(run_id))
    ends = [key for key in found if key.startswith(keys.ends(run_id))]
    store.delete(key for key in found if key not in ends)
    store.delete(ends)
    if submission and _is_of_it_alone(ledger, submission, run_id):
        # A link to no run reads as "there is no such run"; a request without a link, as one to come.
        store.delete([keys.request(submission)])
        store.delete([keys.submitted_run(submission)])


def _is_of_it_alone(ledger: Ledger, submission: str, run_id: str) -> bool:
    """No, where a record that would say so cannot be read: `gc` looks again."""
    with suppress(*UNREADABLE):
        return ledger.run_of_submission(submission) == run_id and submission not in deployed(ledger)
    return False


def deployed(ledger: Ledger) -> set[str]:
    """The submissions that revisions of schedules name: firings ask theirs what they run on."""
    found = [key for key in ledger.store.list(keys.SCHEDULES) if keys.revision_of(key) is not None]
    read = zip(found, ledger.store.get_many(found), strict=True)
    records = [parse(ScheduleRecord, data, key) for key, data in read if data is not None]
    return {record.submission_id for record in records if record.submission_id}
