from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice

import pytest

from skylift_vertex.emulator.fires import Cron

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("text", ["0 6 * * *", "TZ=UTC 0 6 * * *", "CRON_TZ=UTC 0 6 * * *"])
def test_a_zone_stands_before_the_fields(text: str) -> None:
    assert next(Cron(text).fires(NEW_YEAR)) == datetime(2026, 1, 1, 6, tzinfo=UTC)


def test_times_are_the_zones_own_in_summer_and_winter() -> None:
    cron = Cron("TZ=Europe/Berlin 0 6 1 1,7 *")
    found = list(islice(cron.fires(NEW_YEAR), 2))
    assert found == [datetime(2026, 1, 1, 5, tzinfo=UTC), datetime(2026, 7, 1, 4, tzinfo=UTC)]


def test_strictly_after() -> None:
    cron = Cron("0 0 * * *")
    assert next(cron.fires(NEW_YEAR)) == datetime(2026, 1, 2, tzinfo=UTC)
    assert next(cron.fires(datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC))) == NEW_YEAR


@pytest.mark.parametrize("text", ["", "* * * * * *", "61 * * * *", "TZ=Nowhere * * * * *", "@hourly"])
def test_what_is_no_cron(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Cron(text)
