"""What the steps of a run printed, as far as it is stored, as text."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from skylift.ledger import keys
from skylift_contract.names import step_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from skylift.ledger.ledger import Ledger


class Output:
    """Chunks of several attempts, made whole lines again; each is given out once.

    Args:
        ledger: Where the run is.
        run_id: The run.
        names: Invocation ids; lines of more than one begin with theirs.
    """

    def __init__(self, ledger: Ledger, run_id: str, names: Sequence[str]) -> None:
        self._ledger, self._run_id = ledger, run_id
        self._names = {step_key(name): name for name in names}
        self._read: set[str] = set()
        self._lines: dict[tuple[str, int], _Lines] = {}

    def new(self) -> Iterator[str]:
        """What has been stored since the last time, step by step in the order given."""
        found = [key for key in self._listed() if key not in self._read]
        for key, data in zip(found, self._ledger.store.get_many(found), strict=True):
            self._read.add(key)
            step, attempt = key.split("/")[-3:-1]
            if text := self._of(step, int(attempt)).take(data or b""):
                yield text

    def rest(self) -> Iterator[str]:
        """The last lines, which no newline ended."""
        for lines in self._lines.values():
            if text := lines.rest():
                yield text

    def _listed(self) -> list[str]:
        """Keys of chunks, in the order of the steps and, in a step, of writing."""
        if len(self._names) == 1:
            return self._ledger.store.list(keys.logs(self._run_id, next(iter(self._names.values()))))
        place = {step: number for number, step in enumerate(self._names)}
        found = [
            key for key in self._ledger.store.list(keys.all_logs(self._run_id)) if key.split("/")[-3] in place
        ]
        return sorted(found, key=lambda key: place[key.split("/")[-3]])

    def _of(self, step: str, attempt: int) -> _Lines:
        if (step, attempt) not in self._lines:
            again = f" (attempt {attempt})" if attempt > 1 else ""
            prefix = f"{self._names[step]}{again} | " if len(self._names) > 1 else ""
            self._lines[step, attempt] = _Lines(prefix)
        return self._lines[step, attempt]


class _Lines:
    """One attempt's text; a chunk may end within a line, and within a character."""

    def __init__(self, prefix: str) -> None:
        self._prefix, self._held = prefix, ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def take(self, data: bytes) -> str:
        lines, newline, self._held = (self._held + self._decoder.decode(data)).rpartition("\n")
        return self._prefixed(lines) if newline else ""

    def rest(self) -> str:
        last, self._held = self._held + self._decoder.decode(b"", final=True), ""
        return self._prefixed(last) if last else ""

    def _prefixed(self, text: str) -> str:
        if not self._prefix:
            return f"{text}\n"
        return "".join(f"{self._prefix}{line}\n" for line in text.split("\n"))
