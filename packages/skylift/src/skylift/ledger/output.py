"""What the steps of a run printed, as far as it is stored, as whole lines."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import TYPE_CHECKING

from skylift.ledger import keys
from skylift_contract.names import step_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from skylift.ledger.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Printed:
    """Lines that an attempt of a step printed, without their newlines."""

    step: str
    attempt: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """As a terminal shows what one step printed."""
        return "".join(f"{line}\n" for line in self.lines)

    @property
    def labelled(self) -> str:
        """As a terminal shows it among what other steps printed."""
        again = f" (attempt {self.attempt})" if self.attempt > 1 else ""
        return "".join(f"{self.step}{again} | {line}\n" for line in self.lines)


class Output:
    """Chunks of several attempts, made whole lines again; each is given out once.

    Args:
        ledger: Where the run is.
        run_id: The run.
        names: Invocation ids, as far as they are known yet.
    """

    def __init__(self, ledger: Ledger, run_id: str, names: Iterable[str] = ()) -> None:
        self._ledger, self._run_id = ledger, run_id
        self._names: dict[str, str] = {}
        self.know(names)
        self._read: set[str] = set()
        self._lines: dict[tuple[str, int], _Lines] = {}

    def know(self, names: Iterable[str]) -> None:
        """Look for what these printed, too, from now on."""
        self._names.update({step_key(name): name for name in names})

    def new(self) -> Iterator[Printed]:
        """What has been stored since the last time, step by step in the order given."""
        found = [key for key in self._listed() if key not in self._read]
        for key, data in zip(found, self._ledger.store.get_many(found), strict=True):
            self._read.add(key)
            step, attempt = key.split("/")[-3:-1]
            place = (step, int(attempt))
            if lines := self._lines.setdefault(place, _Lines()).take(data or b""):
                yield self._printed(place, lines)

    def rest(self) -> Iterator[Printed]:
        """The last lines, which no newline ended."""
        for place, held in self._lines.items():
            if lines := held.rest():
                yield self._printed(place, lines)

    def _printed(self, place: tuple[str, int], lines: Sequence[str]) -> Printed:
        step, attempt = place
        return Printed(self._names[step], attempt, tuple(lines))

    def _listed(self) -> list[str]:
        """Keys of chunks, in the order of the steps and, in a step, of writing."""
        if len(self._names) == 1:
            return self._ledger.store.list(keys.logs(self._run_id, next(iter(self._names.values()))))
        place = {step: number for number, step in enumerate(self._names)}
        found = [
            key for key in self._ledger.store.list(keys.all_logs(self._run_id)) if key.split("/")[-3] in place
        ]
        return sorted(found, key=lambda key: place[key.split("/")[-3]])


class _Lines:
    """One attempt's text; a chunk may end within a line, and within a character."""

    def __init__(self) -> None:
        self._held = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def take(self, data: bytes) -> list[str]:
        *lines, self._held = (self._held + self._decoder.decode(data)).split("\n")
        return lines

    def rest(self) -> list[str]:
        last, self._held = self._held + self._decoder.decode(b"", final=True), ""
        return [last] if last else []
