from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given
from hypothesis import strategies as st
from skylift_vertex_protos import parsed

from skylift_contract.errors import ConfigurationError
from skylift_contract.schedule import Schedule
from skylift_vertex.schedule import trigger

NOW = datetime(2030, 1, 1, tzinfo=UTC)
LATER = datetime(2031, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def request(**asked: object) -> dict[str, object]:
    found = trigger(Schedule.parse(asked), NOW).request()
    assert parsed("Schedule", found) is not None
    return found


def test_cron_stands_after_its_time_zone() -> None:
    assert request(cron_expression="0 6 * * mon-fri", timezone="Europe/Berlin") == {
        "cron": "TZ=Europe/Berlin 0 6 * * 1-5",
        "maxConcurrentRunCount": "1",
        "allowQueueing": False,
    }


def test_a_window_is_in_the_request_and_its_end_still_fires() -> None:
    found = request(cron_expression="0 3 * * *", start_time=LATER, end_time=LATER + timedelta(days=1))
    assert (found["startTime"], found["endTime"]) == ("2031-01-01T00:00:00Z", "2031-01-02T00:00:01Z")


def test_a_start_that_is_past_is_none() -> None:
    assert "startTime" not in request(cron_expression="0 3 * * *", start_time=NOW - SECOND)


def test_runs_at_once_are_bounded_where_it_is_asked() -> None:
    found = request(cron_expression="0 3 * * *", max_concurrent_runs=3)
    assert (found["maxConcurrentRunCount"], found["maxConcurrentActiveRunCount"]) == ("3", "3")
    assert "maxConcurrentActiveRunCount" not in request(cron_expression="0 3 * * *")


FIELDS = st.tuples(
    st.sampled_from(["0", "*/20", "5,10-12", "59"]),
    st.sampled_from(["*", "3", "8-17", "*/6"]),
    st.sampled_from(["*", "1", "*/7"]),
    st.sampled_from(["*", "jan", "*/3"]),
    st.sampled_from(["*", "1-5", "sun", "fri-sun", "7"]),
)


@given(FIELDS, st.sampled_from(["UTC", "Asia/Tokyo", "America/Bogota"]))
def test_it_fires_when_another_reader_of_its_words_says(fields: tuple[str, ...], timezone: str) -> None:
    schedule = Schedule(cron_expression=" ".join(fields), timezone=timezone)
    zone, _, expression = str(trigger(schedule, NOW).request()["cron"]).removeprefix("TZ=").partition(" ")
    theirs = CronSim(expression, NOW.astimezone(ZoneInfo(zone)))
    assert list(islice(theirs, 10)) == list(islice(schedule.fires(NOW), 10))


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (
            Schedule(interval_second=timedelta(days=1)),
            (
                "Schedule.interval_second: Vertex AI schedules by cron alone (got '1 day, 0:00:00'). "
                "The closest: Schedule(cron_expression='0 0 * * *')."
            ),
        ),
        (
            Schedule(run_once_start_time=datetime(2031, 2, 3, 4, 5, tzinfo=UTC)),
            (
                "Schedule.run_once_start_time: Vertex AI schedules by cron alone (got '2031-02-03 04:05:00+00:00'). "
                "The closest: Schedule(cron_expression='5 4 3 2 *') with a start_time and an end_time around that moment."
            ),
        ),
    ],
)
def test_what_is_no_cron_is_refused_with_the_closest(asked: Schedule, sentence: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        trigger(asked, NOW)
    assert str(caught.value) == sentence
