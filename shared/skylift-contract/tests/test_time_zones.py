# ruff: noqa: DTZ001 -- naive datetimes, which hypothesis and wall clocks want

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift_contract import time_zones
from skylift_contract.errors import ConfigurationError
from skylift_contract.time_zones import earliest_wall, gap_end, instants, zone


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


# Lord Howe moves by half an hour; St. John's moved at a minute past midnight; Apia skipped a day in 2011.
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Pacific/Apia",
]
zones = st.sampled_from(ZONES).map(lambda name: zone(name, "test"))
CHANGES = ["2025-03-30", "2025-10-26", "2025-03-09", "2025-11-02", "2025-04-06", "2025-10-05", "2010-11-07"]
near_changes = st.sampled_from(CHANGES).flatmap(
    lambda day: st.datetimes(wall(day) - timedelta(days=1), wall(day) + timedelta(days=1))
)
walls = near_changes | st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1))


def utc(text: str) -> datetime:
    return wall(text).replace(tzinfo=UTC)


@given(walls, zones)
def test_a_clock_shows_the_time_at_each_of_its_instants(naive: datetime, tz: tzinfo) -> None:
    found = instants(naive, tz)
    assert [instant.astimezone(tz).replace(tzinfo=None) for instant in found] == [naive] * len(found)
    assert list(found) == sorted(set(found))


@given(walls.map(lambda naive: naive.replace(tzinfo=UTC)), zones)
def test_every_instant_is_among_those_of_its_clock(instant: datetime, tz: tzinfo) -> None:
    shown = instant.astimezone(tz).replace(tzinfo=None, fold=0)
    assert instant in instants(shown, tz)


@given(walls.map(lambda naive: naive.replace(tzinfo=UTC)), st.integers(0, 200), zones)
def test_no_later_instant_shows_an_earlier_time(instant: datetime, minutes: int, tz: tzinfo) -> None:
    later = (instant + timedelta(minutes=minutes)).astimezone(tz).replace(tzinfo=None)
    assert later >= earliest_wall(instant, tz)


def test_in_the_first_showing_of_an_hour_its_start_is_still_to_come() -> None:
    berlin = zone("Europe/Berlin", "test")
    assert earliest_wall(utc("2025-10-26T00:40"), berlin) == wall("2025-10-26T01:40")
    assert earliest_wall(utc("2025-10-26T03:40"), berlin) == wall("2025-10-26T04:40")


@pytest.mark.parametrize(
    ("name", "naive", "found", "end"),
    [
        ("Europe/Berlin", "2025-03-30T02:30", [], "2025-03-30T01:00"),
        ("Europe/Berlin", "2025-03-30T02:00", [], "2025-03-30T01:00"),
        ("Europe/Berlin", "2025-03-30T03:00", ["2025-03-30T01:00"], None),
        ("Europe/Berlin", "2025-10-26T02:30", ["2025-10-26T00:30", "2025-10-26T01:30"], None),
        ("Australia/Lord_Howe", "2025-10-05T02:10", [], "2025-10-04T15:30"),
        ("Australia/Lord_Howe", "2025-04-06T01:45", ["2025-04-05T14:45", "2025-04-05T15:15"], None),
        ("Pacific/Apia", "2011-12-30T12:00", [], "2011-12-30T10:00"),
        ("America/New_York", "2050-03-13T02:30", [], "2050-03-13T07:00"),
    ],
)
def test_where_the_clocks_change(name: str, naive: str, found: list[str], end: str | None) -> None:
    tz = zone(name, "test")
    assert list(instants(wall(naive), tz)) == [utc(each) for each in found]
    if end is not None:
        assert gap_end(wall(naive), tz) == utc(end)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("Europe/Belin", "who: there is no time zone named 'Europe/Belin'. Did you mean 'Europe/Berlin'?"),
        ("europe/berlin", "who: there is no time zone named 'europe/berlin'. Did you mean 'Europe/Berlin'?"),
        *[
            (
                name,
                (
                    f"who: it is not an IANA time zone (got {name!r}). "
                    "Name a place, as in 'Europe/Berlin', or 'UTC'."
                ),
            )
            for name in ("PST", "", "../../etc/passwd", "localtime", "x" * 150, "a\0b")
        ],
    ],
)
def test_what_is_no_zone_is_refused_with_the_nearest(name: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{re.escape(sentence)}$"):
        zone(name, "who")


def test_zones_of_this_machine_only_are_refused() -> None:
    for name in ("right/Europe/Berlin", "posix/Europe/Berlin", "posixrules", "Factory", "Europe"):
        with pytest.raises(ConfigurationError):
            zone(name, "who")


def test_a_machine_without_time_zone_data_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_zones, "available_timezones", set[str])
    zone.cache_clear()
    sentence = "who: this machine has no time zone data (got 'Europe/Rome'). Install it: pip install tzdata"
    with pytest.raises(ConfigurationError, match=f"^{re.escape(sentence)}$"):
        zone("Europe/Rome", "who")
    assert zone("UTC", "who") is UTC


def test_a_name_longer_than_any_file_has_is_no_zone() -> None:
    with pytest.raises(ConfigurationError, match=r"^who: it is not an IANA time zone \(got 'x+…x+'\)"):
        zone("x" * 5000, "who")
