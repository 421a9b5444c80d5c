"""What is looked up by name: a mistyped name is answered with those that there are."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, NoReturn, TypeVar

from skylift_contract.errors import UnknownName, listed

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")


class UnknownKey(UnknownName, KeyError):
    """An `UnknownName` that `except KeyError` catches too; it says the nearest name, and which there are."""

    def __init__(self, kind: str, name: str, known: Iterable[str], who: str) -> None:
        names = tuple(known)
        # Without a near name, the list is what an `UnknownName` says by itself.
        near = difflib.get_close_matches(name, names, n=1)
        super().__init__(kind, name, names, who=who, fix=f"There are: {listed(names)}." if near else "")

    __str__ = Exception.__str__
    """`KeyError` has one of its own, which shows the sentence in quotes."""


class Named(dict[str, T]):
    """A dictionary whose missing names raise `UnknownKey`.

    Args:
        kind: What the values are: `step`, `output`.
        who: Whose they are: `run 3f9a…`.
        found: Name and value of each.
    """

    def __init__(self, kind: str, who: str, found: Iterable[tuple[str, T]]) -> None:
        super().__init__(found)
        self._kind, self._who = kind, who

    def __missing__(self, name: str) -> NoReturn:
        raise UnknownKey(self._kind, name, self, self._who)
