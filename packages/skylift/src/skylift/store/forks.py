"""A process that was forked from one that used obstore would wait for ever: it is told so instead.

obstore's threads do not exist in the child, and its calls wait for them. Processes that are
spawned, or forked before the first use, are not concerned.
"""

from __future__ import annotations

import os
from functools import cache

from skylift_contract.errors import StoreUnavailable

_inherited = False


@cache
def watch() -> None:
    """Have every child that is forked from now on know that it is one."""
    os.register_at_fork(after_in_child=_mark)


def check(who: str) -> None:
    """Raise `StoreUnavailable` in a child that inherited a store in use."""
    if _inherited:
        raise StoreUnavailable(
            "a process that was forked from one that used a store cannot use one",
            who=who,
            fix="Start it with multiprocessing's spawn or forkserver, or with subprocess.",
        )


def _mark() -> None:
    global _inherited  # noqa: PLW0603 -- a fact about the process
    _inherited = True
