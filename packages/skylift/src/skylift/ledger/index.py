"""Going through the runs of a store, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from skylift.ledger import keys
from skylift.ledger.records import UNREADABLE, RunRecord, parse
from skylift.ledger.unread import UnreadRun
from skylift_contract.canonical import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skylift.ledger.ledger import Ledger

RUNS_AT_A_TIME: Final = 20
"""Records of runs that are read together."""


def newest_runs(
    ledger: Ledger, limit: int | None = None, pipeline: str | None = None
) -> Iterator[RunRecord | UnreadRun]:
    """Runs, newest first, from the index; one that cannot be read keeps none of the others back.

    `pipeline`: only runs of it, and of these only what can be read.
    """
    # Of ten thousand entries few are wanted, and their bytes tell which before they are parsed.
    wanted = b"" if pipeline is None else b'"pipeline":' + canonical_json(pipeline)
    found = [key for key in ledger.store.list(keys.INDEX, limit=limit) if keys.is_index(key)]
    for start in range(0, len(found), RUNS_AT_A_TIME):
        page = found[start : start + RUNS_AT_A_TIME]
        for key, data in zip(page, ledger.store.get_many(page), strict=True):
            if data is not None and wanted in data:
                yield _indexed(ledger, key, data)


def _indexed(ledger: Ledger, key: str, data: bytes) -> RunRecord | UnreadRun:
    """An entry, or what it was copied from where it is damaged."""
    run_id = keys.run_of_index(key)
    try:
        return parse(RunRecord, data, key)
    except UNREADABLE as error:
        damage = error
    try:
        if record := ledger.run(run_id):
            return record
    except UNREADABLE as error:
        damage = error
    return UnreadRun(run_id, keys.index_time(key), damage)
