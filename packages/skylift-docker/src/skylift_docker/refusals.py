"""Every reason at once, of this flavor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skylift_contract import refusals

if TYPE_CHECKING:
    from collections.abc import Iterable

    from skylift_contract.errors import SkyliftError


def raise_all(reasons: Iterable[SkyliftError]) -> None:
    """Raise the one reason that there is, or a `Refused` of a line for each of several."""
    refusals.raise_all("local_docker", reasons)
