from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from skylift_contract.cron import MACROS, CronExpression
from skylift_contract.errors import ConfigurationError, UnknownName

BOUNDS = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)]
FIVE = "(limit: minute, hour, day of month, month, day of week)"
WEEKDAYS = "0-7 or SUN-SAT, where 0 and 7 are Sunday"


@st.composite
def items(draw: st.DrawFn, low: int, high: int) -> str:
    first, last = sorted((draw(st.integers(low, high)), draw(st.integers(low, high))))
    step = draw(st.integers(1, last - first + 1))
    every = draw(st.integers(1, high - low + 1))
    return draw(st.sampled_from([str(first), f"{first}-{last}", f"{first}-{last}/{step}", f"*/{every}"]))


def words(low: int, high: int) -> st.SearchStrategy[str]:
    return st.just("*") | st.lists(items(low, high), min_size=1, max_size=3).map(",".join)


@st.composite
def expressions(draw: st.DrawFn) -> CronExpression:
    text = " ".join(draw(words(*bounds)) for bounds in BOUNDS)
    try:
        return CronExpression.parse(text)
    except ConfigurationError as error:
        assume("would never fire" not in error.what)
        raise


def expand(item: str, low: int, high: int) -> set[int]:
    """An expansion of its own making: of all values, those that the item lets through."""
    span, _, step = item.partition("/")
    first, _, last = (f"{low}-{high}" if span == "*" else span).partition("-")
    return {n for n in range(int(first), int(last or first) + 1) if (n - int(first)) % int(step or 1) == 0}


@given(st.sampled_from(range(5)).flatmap(lambda place: st.tuples(st.just(place), words(*BOUNDS[place]))))
def test_a_field_expands_to_the_values_that_it_lets_through(case: tuple[int, str]) -> None:
    place, word = case
    text = " ".join([*["0", "0", "1", "1", "1"][:place], word, *["*", "*", "*", "*", "*"][place + 1 :]])
    parsed = CronExpression.parse(text)
    found = (parsed.minute, parsed.hour, parsed.day_of_month, parsed.month, parsed.day_of_week)[place]
    low, high = BOUNDS[place]
    assert set(found.values) == {value for item in word.split(",") for value in expand(item, low, high)}
    assert list(found.values) == sorted(found.values)
    assert found.starred == word.startswith("*")


@given(expressions())
def test_the_portable_spelling_says_the_same_without_names(expression: CronExpression) -> None:
    again = CronExpression.parse(expression.portable)
    assert re.fullmatch(r"[0-9*/, -]+", expression.portable)
    assert again.portable == expression.portable
    for field in ("minute", "hour", "day_of_month", "month", "day_of_week"):
        assert getattr(again, field) == getattr(expression, field)


@pytest.mark.parametrize(
    ("text", "portable"),
    [
        ("0 2 * JAN-mar fri-sun", "0 2 * 1-3 0,5-6"),
        ("0 2 * * 5-7", "0 2 * * 0,5-6"),
        ("0 2 * * sun-tue", "0 2 * * 0-2"),
        ("0 2 * * sun-sun", "0 2 * * 0"),
        ("0 2 * * 7", "0 2 * * 0"),
        ("0 2 * * 0-7", "0 2 * * 0-6"),
        ("0 2 * * */2,mon", "0 2 * * */2,1"),
        ("05 02 1,15 dec *", "5 2 1,15 12 *"),
        ("10-59/20,1 * * * *", "1,10,30,50 * * * *"),
    ],
)
def test_names_and_sundays(text: str, portable: str) -> None:
    assert CronExpression.parse(text).portable == portable


@given(expressions(), st.dates(date(2020, 1, 1), date(2032, 12, 31)))
def test_a_day_matches_by_either_field_only_when_neither_has_a_star(
    expression: CronExpression, day: date
) -> None:
    by_date = day.day in expression.day_of_month.values
    by_weekday = day.isoweekday() % 7 in expression.day_of_week.values
    text = expression.text.split(" ")
    starred = text[2].startswith("*") or text[4].startswith("*")
    expected = (by_date and by_weekday) if starred else (by_date or by_weekday)
    in_month = day.month in expression.month.values
    assert (day.day in expression.days_of(day.year, day.month)) == (in_month and expected)


def test_the_thirteenth_or_a_friday_and_the_thirteenth_that_is_a_friday() -> None:
    assert CronExpression.parse("0 0 13 * fri").days_of(2025, 6) == [6, 13, 20, 27]
    assert CronExpression.parse("0 0 13 * *").days_of(2025, 6) == [13]
    assert CronExpression.parse("0 0 */2 * fri").days_of(2025, 6) == [13, 27]
    assert CronExpression.parse("0 0 30 2 fri").days_of(2025, 2) == [7, 14, 21, 28]


@pytest.mark.parametrize("macro", MACROS)
def test_a_macro_is_its_five_fields(macro: str) -> None:
    assert CronExpression.parse(f" {macro} ") == CronExpression.parse(MACROS[macro])
    assert CronExpression.parse(macro).text == MACROS[macro]


def test_white_space_is_free() -> None:
    assert CronExpression.parse(" 0\t2  * * * ").text == "0 2 * * *"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("61 * * * *", ", minute: it is out of range (got '61', limit: 0-59)."),
        ("* 24 * * *", ", hour: it is out of range (got '24', limit: 0-23)."),
        ("* * 0 * *", ", day of month: it is out of range (got '0', limit: 1-31)."),
        ("* * * 13 *", ", month: it is out of range (got '13', limit: 1-12 or JAN-DEC)."),
        ("* * * * 8", f", day of week: it is out of range (got '8', limit: {WEEKDAYS})."),
        (
            "* * * foo *",
            ", month: it is no number or name that this field has (got 'foo', limit: 1-12 or JAN-DEC).",
        ),
        ("1,,2 * * * *", ", minute: it is no number or name that this field has (got '', limit: 0-59)."),
        ("-5 * * * *", ", minute: it is no number or name that this field has (got '', limit: 0-59)."),
        ("٣ * * * *", ", minute: it is no number or name that this field has (got '٣', limit: 0-59)."),
        (
            "0 0 ? * *",
            (
                ", day of month: it is no number or name that this field has (got '?', limit: 1-31). "
                "Quartz's ?, L, W and # are not standard cron; for ? write *."
            ),
        ),
        (
            "0 0 * * mon#2",
            (
                ", day of week: it is no number or name that this field has "
                f"(got 'mon#2', limit: {WEEKDAYS}). "
                "Quartz's ?, L, W and # are not standard cron; for ? write *."
            ),
        ),
        (
            "10-5 * * * *",
            ", minute: the range goes backwards (got '10-5'). Write it as two: '10-59,0-5'.",
        ),
        ("5/15 * * * *", ", minute: a step needs a range (got '5/15'). Write '5-59/15'."),
        ("*/0 * * * *", ", minute: the step is not a number from 1 up (got '*/0')."),
        (
            "*/90 * * * *",
            (
                ", minute: the step is longer than what it steps through, so only the first value would "
                "match (got '*/90', limit: 1-60). Write that value alone, or use interval_second for a "
                "longer period."
            ),
        ),
        ("0 0 1,* * *", ", day of month: '*' in a list already means all (got '1,*'). Write '*' alone."),
        (
            "0 0 30 2 *",
            (
                ": it would never fire: no month of it has that day (got 30, limit: 29 days). "
                "Choose a day that its months have."
            ),
        ),
        (
            "0 0 31 4,6,9,11 */2",
            (
                ": it would never fire: no month of it has that day (got 31, limit: 30 days). "
                "Choose a day that its months have."
            ),
        ),
        (
            "0 2 * *",
            (
                f": it has 4 fields, and standard cron has five {FIVE}. "
                "Write five fields, as in '0 2 * * *' for 02:00 each day."
            ),
        ),
        (
            "",
            (
                f": it has 0 fields, and standard cron has five {FIVE}. "
                "Write five fields, as in '0 2 * * *' for 02:00 each day."
            ),
        ),
        (
            "0 0 12 * * ?",
            (
                f": it has 6 fields, and standard cron has five {FIVE}. "
                "Leave out the seconds, which Quartz has in front, or the year, which EventBridge has at "
                "the end."
            ),
        ),
        (
            "0 0 12 * * ? 2030",
            (
                f": it has 7 fields, and standard cron has five {FIVE}. "
                "Leave out the seconds in front and the year at the end, which are Quartz's."
            ),
        ),
        ("@reboot", ": nothing here boots, so it would never fire. Say when to run."),
        ("@every 1h", ": it is an interval. Use interval_second=timedelta(…)."),
        ("TZ=UTC 0 2 * * *", ": it names a time zone. Say it beside: timezone='Europe/Berlin'."),
    ],
)
def test_what_is_not_standard_cron_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{re.escape(f'cron expression {text!r}{sentence}')}$"):
        CronExpression.parse(text)


def test_an_unknown_macro_is_answered_with_the_nearest() -> None:
    with pytest.raises(
        UnknownName, match=r"^there is no cron macro named '@dayly'\. Did you mean '@daily'\?$"
    ):
        CronExpression.parse("@dayly")


@given(st.text("0123456789*/,-? @LWHmonJAN\t", max_size=30) | st.text(max_size=20))
def test_any_text_is_parsed_or_refused_and_nothing_else(text: str) -> None:
    try:
        expression = CronExpression.parse(text)
    except ConfigurationError:
        return
    assert expression.next_fire(datetime(2025, 1, 1, tzinfo=UTC)) is not None


@pytest.mark.parametrize(
    ("text", "fire"),
    [
        ("0 0 29 2 *", datetime(2028, 2, 29, tzinfo=UTC)),
        ("0 0 29 2 */6", datetime(2032, 2, 29, tzinfo=UTC)),  # a Sunday
        ("59 23 31 12 *", datetime(2025, 12, 31, 23, 59, tzinfo=UTC)),
    ],
)
def test_rare_dates_are_found(text: str, fire: datetime) -> None:
    assert CronExpression.parse(text).next_fire(datetime(2025, 1, 1, tzinfo=UTC)) == fire


def test_a_leap_day_on_a_given_weekday_across_a_century_that_has_none() -> None:
    fires = CronExpression.parse("0 0 29 2 */7").fires(datetime(2088, 3, 1, tzinfo=UTC))
    assert next(fires) - datetime(2088, 2, 29, tzinfo=UTC) == timedelta(days=40 * 365 + 9)


def test_next_fire_is_the_first_of_the_fires_and_its_zone_is_checked() -> None:
    expression = CronExpression.parse("0 2 * * *")
    after = datetime(2025, 1, 1, tzinfo=UTC)
    assert expression.next_fire(after, "Asia/Kolkata") == next(expression.fires(after, "Asia/Kolkata"))
    assert expression.next_fire(after, "Asia/Kolkata") == datetime(2025, 1, 1, 20, 30, tzinfo=UTC)
    with pytest.raises(UnknownName, match=r"^time zone: there is no time zone named 'Asia/Kolkatta'"):
        expression.next_fire(after, "Asia/Kolkatta")
