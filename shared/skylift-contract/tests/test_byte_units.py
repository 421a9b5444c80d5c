from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift_contract.byte_units import BYTES_PER_UNIT, in_unit, parse_bytes
from skylift_contract.errors import ConfigurationError, UnknownName

EXAMPLES = (
    "Write a number and one of B, KB, MB, GB, TB, PB, KiB, MiB, GiB, TiB, PiB, as in '8GB' or '512MiB'."
)
units = st.sampled_from(sorted(BYTES_PER_UNIT))


def test_decimal_and_binary_units_are_kept_apart() -> None:
    assert parse_bytes("8GB", "memory") == 8_000_000_000
    assert parse_bytes("8GiB", "memory") == 8_589_934_592
    assert parse_bytes(" 1.5 KiB ", "memory") == 1536
    assert parse_bytes("1PB", "memory") == 10**15
    assert parse_bytes("1PiB", "memory") == 2**50
    assert parse_bytes("7B", "memory") == 7


@given(st.integers(1, 10**15), units)
def test_a_whole_amount_is_exact_in_bytes_and_comes_back(amount: int, unit: str) -> None:
    count = parse_bytes(f"{amount}{unit}", "memory")
    assert count == amount * BYTES_PER_UNIT[unit]
    assert in_unit(count, unit) == amount


@given(st.integers(1, 10**15), units)
def test_bytes_survive_every_unit(count: int, unit: str) -> None:
    assert round(in_unit(count, unit) * BYTES_PER_UNIT[unit]) == count


@given(st.integers(1, 10**6), st.integers(0, 999), st.sampled_from(["KB", "MB", "GB", "TB", "PB"]))
def test_decimal_fractions_are_exact(whole: int, thousandths: int, unit: str) -> None:
    count = parse_bytes(f"{whole}.{thousandths:03}{unit}", "memory")
    assert count * 1000 == (whole * 1000 + thousandths) * BYTES_PER_UNIT[unit]


@pytest.mark.parametrize(
    ("text", "what", "fix"),
    [
        ("8 gigs", "it is not an amount of memory", EXAMPLES),
        ("", "it is not an amount of memory", EXAMPLES),
        ("8", "it is not an amount of memory", EXAMPLES),
        ("-8GB", "it is not an amount of memory", EXAMPLES),
        ("nanGB", "it is not an amount of memory", EXAMPLES),
        ("1e3GB", "it is not an amount of memory", EXAMPLES),
        ("٨GB", "it is not an amount of memory", EXAMPLES),
        ("8gb", "it is not an amount of memory", "Write '8GB'."),
        ("8Gi", "it is not an amount of memory", "Write '8GiB'."),
        ("8m", "it is not an amount of memory", "Write '8MB'."),
        ("0GB", "it is nothing", "Leave it out, or give more."),
        ("0.0GiB", "it is nothing", "Leave it out, or give more."),
        ("1.5B", "it is not a whole number of bytes", "Use a smaller unit."),
        ("0.3KiB", "it is not a whole number of bytes", "Use a smaller unit."),
    ],
)
def test_what_is_no_amount_is_refused_with_the_fix(text: str, what: str, fix: str) -> None:
    sentence = f"step 'a': {what} (got {text!r}). {fix}"
    with pytest.raises(ConfigurationError, match=f"^{re.escape(sentence)}$"):
        parse_bytes(text, "step 'a'")


def test_an_unknown_unit_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"^there is no unit of bytes named 'Gib'\. Did you mean 'GiB'\?$"):
        in_unit(1, "Gib")
