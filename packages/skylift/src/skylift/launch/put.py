"""What steps read, put where they read it, before one can start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skylift.ledger import keys

if TYPE_CHECKING:
    from skylift.launch.plan import Plan
    from skylift.ledger.ledger import Ledger


def put_plan(ledger: Ledger, planned: Plan) -> None:
    """Have what its steps read in the store: code and snapshot."""
    source, snapshot = planned.source, planned.snapshot
    if source is not None and snapshot.code is not None:
        key = keys.code(snapshot.code.digest)
        if not ledger.store.has_fresh(key):
            ledger.store.put_content(key, source.to_zip())
    ledger.put_snapshot(snapshot)
