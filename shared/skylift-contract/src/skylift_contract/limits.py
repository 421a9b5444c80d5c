"""Numbers that a vendor, or we, allow; each with its unit and where it was read."""

from __future__ import annotations

from dataclasses import dataclass

from skylift_contract.errors import LimitExceeded


@dataclass(frozen=True, slots=True)
class Limit:
    """What a number may be at most, and at least.

    Args:
        maximum: The largest number that is accepted.
        unit: What is counted, in the plural: `characters`, `entries`, `seconds`.
        minimum: The smallest number that is accepted.
        source: Where the numbers were read: a page, an API shape. Shown to whoever exceeds them.
    """

    maximum: float
    unit: str
    minimum: float = 0
    source: str = ""

    def check(self, value: float, who: str) -> None:
        """Raise `LimitExceeded` unless the value is within; NaN never is."""
        if self.minimum <= value <= self.maximum:
            return
        small = value < self.minimum
        bound = f"at least {self.minimum}" if small else f"at most {self.maximum}"
        source = f" ({self.source})" if self.source else ""
        raise LimitExceeded(
            "it is below the limit" if small else "it is over the limit",
            who=who,
            value=value,
            limit=f"{bound} {self.unit}",
            fix=f"Give {self.minimum} to {self.maximum} {self.unit}{source}.",
        )
