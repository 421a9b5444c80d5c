"""Names of what is there: a project's number stands in them, whichever way the project was asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from skylift_vertex.emulator.answers import invalid, not_found

if TYPE_CHECKING:
    from collections.abc import Mapping

NUMBER: Final = "123456789012"
"""Of every project."""

_LOCATION: Final = re.compile(r"[a-z]+-[a-z]+\d+")


Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Place:
    """A project, as the client writes it, and a location."""

    project: str
    location: str

    @classmethod
    def of(cls, names: Mapping[str, str]) -> Place:
        """Raises the service's refusal for what can be no location."""
        if not _LOCATION.fullmatch(names["location"]):
            raise invalid(f"The location {names['location']!r} is not supported.")
        return cls(names["project"], names["location"])

    @classmethod
    def parse(cls, parent: str) -> Place:
        match = re.fullmatch(r"projects/([^/]+)/locations/([^/]+)", parent)
        if match is None:
            raise invalid(f"Invalid resource name: {parent!r}")
        return cls(*match.groups())

    def name(self, kind: str, id: str) -> str:
        return f"projects/{NUMBER}/locations/{self.location}/{kind}/{id}"

    def asked(self, id: str) -> str:
        """A name without its kind, with the project as the client wrote it."""
        return f"projects/{self.project}/locations/{self.location}/{id}"


class Shelf(Generic[Thing]):
    """Things of one kind, by location and id; used under a lock."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._things: dict[tuple[str, str], Thing] = {}

    def put(self, place: Place, id: str, thing: Thing) -> None:
        self._things[place.location, id] = thing

    def has(self, place: Place, id: str) -> bool:
        return (place.location, id) in self._things

    def get(self, place: Place, id: str) -> Thing:
        """Raises the service's refusal where there is none."""
        try:
            return self._things[place.location, id]
        except KeyError:
            raise not_found(place.name(self.kind, id)) from None

    def remove(self, place: Place, id: str) -> None:
        del self._things[place.location, id]

    def of(self, place: Place) -> list[Thing]:
        """In the order in which they were made."""
        return [thing for (location, _), thing in self._things.items() if location == place.location]

    def all(self) -> list[Thing]:
        return list(self._things.values())
