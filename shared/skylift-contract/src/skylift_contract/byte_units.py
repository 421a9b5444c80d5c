"""Amounts of bytes as people write them: `8GB`, `512MiB`; exact integers inside."""

from __future__ import annotations

import re
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from skylift_contract.errors import ConfigurationError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Mapping

BYTES_PER_UNIT: Final[Mapping[str, int]] = MappingProxyType(
    {
        "B": 1,
        **{f"{prefix}B": 1000**power for power, prefix in enumerate("KMGTP", start=1)},
        **{f"{prefix}iB": 1024**power for power, prefix in enumerate("KMGTP", start=1)},
    }
)
"""Decimal units (`KB` is 1000 bytes) and binary ones (`KiB` is 1024), up to peta."""

_AMOUNT: Final = re.compile(r"(\d{1,18}(?:\.\d{1,18})?) ?([A-Za-z]+)", re.ASCII)
_EXAMPLES: Final = f"Write a number and one of {', '.join(BYTES_PER_UNIT)}, as in '8GB' or '512MiB'."


def parse_bytes(text: str, who: str) -> int:
    """Return the exact number of bytes that `8GB`, `1.5 GiB` and the like stand for.

    Units are read as written: `8gb` is refused, since a small b is a bit elsewhere.

    Raises `ConfigurationError` for text that is no amount, for nothing, and for a
    part of a byte.
    """
    match = _AMOUNT.fullmatch(text.strip())
    if match is None or match[2] not in BYTES_PER_UNIT:
        raise ConfigurationError("it is not an amount of memory", who=who, value=text, fix=_fix(match))
    amount = Fraction(match[1]) * BYTES_PER_UNIT[match[2]]
    if amount == 0:
        raise ConfigurationError("it is nothing", who=who, value=text, fix="Leave it out, or give more.")
    if amount.denominator != 1:
        raise ConfigurationError(
            "it is not a whole number of bytes", who=who, value=text, fix="Use a smaller unit."
        )
    return amount.numerator


def in_unit(count: int, unit: str) -> float:
    """Return that many bytes in one of `BYTES_PER_UNIT`, correctly rounded.

    Raises `UnknownName` for another unit.
    """
    if unit not in BYTES_PER_UNIT:
        raise UnknownName("unit of bytes", unit, BYTES_PER_UNIT)
    return count / BYTES_PER_UNIT[unit]


def _fix(match: re.Match[str] | None) -> str:
    """Offer the unit that differs in case only, or that Kubernetes writes without its B."""
    for unit in BYTES_PER_UNIT if match else ():
        if match and match[2].lower() in {unit.lower(), unit.lower().removesuffix("b")} - {""}:
            return f"Write {match[1] + unit!r}."
    return _EXAMPLES
