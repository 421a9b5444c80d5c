from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift.console import words
from skylift_contract.enums import ExecutionStatus


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (None, ""),
        (0.0, "0 ms"),
        (0.0042, "4 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.0 s"),
        (12.34, "12.3 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 0 s"),
        (184.9, "3 min 4 s"),
        (3600, "1 h 0 min"),
        (7500, "2 h 5 min"),
        (3 * 86400 + 4 * 3600, "3 d 4 h"),
    ],
)
def test_seconds(amount: float | None, shown: str) -> None:
    assert words.seconds(amount) == shown


def _read(shown: str) -> float:
    """Back to seconds: what a person would understand."""
    unit = {"ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86400}
    parts = shown.split()
    return sum(float(parts[i]) * unit[parts[i + 1]] for i in range(0, len(parts), 2))


@given(st.floats(min_value=0, max_value=1e7))
def test_seconds_are_near_and_in_order(amount: float) -> None:
    shown = _read(words.seconds(amount))
    assert abs(shown - amount) <= max(0.05 * amount, 0.051)
    assert _read(words.seconds(amount * 2)) >= shown


@given(st.text(max_size=40), st.integers(min_value=0, max_value=50))
def test_what_is_fitted_fits(text: str, room: int) -> None:
    fitted = words.fitted(text, room)
    assert words.width(fitted) <= room
    assert (fitted == text) == (words.width(text) <= room)


def test_wide_and_combining_characters_are_measured_as_terminals_do() -> None:
    assert [words.width(text) for text in ("abc", "数据", "é")] == [3, 4, 1]
    assert words.fitted("数据表", 5) == "数据…"


def test_one_line() -> None:
    assert words.one_line("ValueError: a\nb\n") == "ValueError: a …"
    assert words.one_line("ValueError: a\n") == "ValueError: a"


def test_ago() -> None:
    now = datetime(2026, 8, 1, tzinfo=UTC)
    shown = [words.ago(now - timedelta(seconds=s), now) for s in (-5, 59, 61, 7300, 90_000)]
    assert shown == ["0 s ago", "59 s ago", "1 min ago", "2 h ago", "1 d ago"]


@given(st.lists(st.sampled_from(ExecutionStatus)))
def test_counts_lose_nothing(statuses: list[ExecutionStatus]) -> None:
    found = words.counts(statuses)
    assert sum(found.values()) == len(statuses)
    assert list(found) == sorted(set(statuses), key=list(ExecutionStatus).index)


def test_counted_reads_well() -> None:
    found = words.counts([ExecutionStatus.COMPLETED, ExecutionStatus.NOT_STARTED, ExecutionStatus.COMPLETED])
    assert words.counted(found) == "2 completed, 1 not started"


@given(st.text())
def test_what_is_printable_moves_no_cursor(text: str) -> None:
    shown = words.printable(text)
    assert not {"Cc", "Cf", "Cs", "Zl", "Zp"} & {
        unicodedata.category(one) for one in shown if one not in "\n\t"
    }
    assert (shown == text) == all(words.printable(one) == one for one in text)


def test_control_characters_are_spelled() -> None:
    assert words.printable("a\x1b[31m\x07\u202eb\u00a0ü\n\tc") == "a\\x1b[31m\\x07\\u202eb\u00a0ü\n\tc"


@given(st.text())
def test_a_reason_in_a_line_is_one_and_not_long(text: str) -> None:
    shown = words.one_line(text)
    assert "\n" not in shown
    assert len(shown) <= words.LONGEST + 2
