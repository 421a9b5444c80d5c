"""What a pure function must not do is seen, however it is done; and what it may do is not."""

from __future__ import annotations

import json
import os
import random
import time
import uuid
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from skylift_testkit.purity import watched

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("ask", "what"),
    [
        (time.time, "time.time"),
        (time.monotonic, "time.monotonic"),
        (datetime.now, "datetime.now"),
        (date.today, "date.today"),
        (Path.cwd, "posix.getcwd"),
        (partial(os.environ.get, "HOME"), "os.environ"),
        (partial(os.getenv, "HOME"), "os.environ"),
        (uuid.uuid4, "posix.urandom"),
        (random.random, "Random.random"),
    ],
)
def test_it_is_seen(ask: Callable[[], Any], what: str) -> None:
    with watched() as seen:
        ask()
    assert [one.partition(" in ")[0] for one in seen][:1] == [what]
    assert __name__ in seen[0]


def test_the_rest_is_not() -> None:
    with watched() as seen:
        json.dumps({"time": sorted([3, 1]), "now": str(datetime(2030, 1, 1, tzinfo=UTC))})
    assert seen == []


def test_nothing_is_watched_after_it() -> None:
    with watched() as seen:
        pass
    time.time()
    assert seen == []
