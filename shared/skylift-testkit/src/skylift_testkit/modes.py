"""Pipelines in which a step fails while another runs; they say how far each came."""

from __future__ import annotations

import time
from typing import Any

from skylift import get_step_context, pipeline, step
from skylift_testkit import signals


@step(enable_cache=False)
def fails(awaits: bool) -> int:  # noqa: FBT001 -- a parameter of a step
    """Fails; where it awaits the bystander, only once that runs."""
    store = signals.of_step()
    if awaits:
        signals.wait_for(store, "bystander")
    raise ValueError("conformance: it fails")


@step(enable_cache=False)
def bystander(lasts: bool) -> int:  # noqa: FBT001 -- a parameter of a step
    """Says that it runs, and ends once the run has a failure; where it lasts, it must be stopped."""
    ledger = signals.ledger_of_step()
    signals.say(ledger.store, "bystander")
    while ledger.failure(get_step_context().run_id) is None:
        time.sleep(signals.PAUSE_S)
    if lasts:
        signals.wait_for(ledger.store, "never")
    return 1


@step(enable_cache=False)
def follows(value: int, word: str) -> int:
    signals.write_down(signals.of_step(), word)
    return value


@pipeline
def failing_beside(together: bool = False, lasts: bool = False) -> None:  # noqa: FBT001, FBT002 -- a pipeline's
    """`together`: the two run at once, so that the failure comes while the bystander runs."""
    failed: Any = fails(together)
    beside: Any = bystander(lasts)
    follows(failed, "after the failure", id="after_failure")
    follows(beside, "after the bystander", id="after_bystander")
