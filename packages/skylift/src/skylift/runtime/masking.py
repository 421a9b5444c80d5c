"""Hiding words in a text that comes in pieces, wherever it is cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SHORTEST: Final = 4
"""Characters. A shorter word would be hidden in half of all other words, and is not."""

STARS: Final = "***"


class Masker:
    """Puts stars for every run of characters that belongs to a word, words that overlap included.

    What is given out lags behind by no more than what may be the beginning of a word.

    Bytes are masked as the text that Latin-1 makes of them, a character for a byte.

    Args:
        words: What is hidden; none is empty.
    """

    def __init__(self, words: Iterable[str] = ()) -> None:
        self._words = frozenset(words)
        self._held = ""
        self._given = 0
        """How much of the beginning of what is held has been given out, as it is or as stars."""
        self._is_hiding = False
        """Whether the last that was given out were stars: what touches it needs no others."""

    @property
    def is_waiting(self) -> bool:
        """Whether something is held that has not been given out."""
        return len(self._held) > self._given

    def learn(self, words: Iterable[str]) -> None:
        """Hide these from now on, too; nothing is ever forgotten."""
        self._words = self._words.union(words)

    def feed(self, piece: str) -> str:
        """What may be shown by now."""
        if not self._words:
            return piece
        text = self._held + piece
        spans = list(_merged(self._found(text)))
        undecided = self._undecided(text)
        end = max(undecided, self._given)
        end = next((stop for start, stop in spans if start <= end < stop), end)
        shown = self._shown(text, spans, end)
        self._held, self._given = text[undecided:], end - undecided
        return shown

    def settle(self) -> str:
        """What is held, if it is too short to betray a word; the rest of a word is hidden then.

        A quarter of the word at most, and of a long one three letters.
        """
        if not self.is_waiting:
            return ""
        shown = len(self._held) - (self._given if self._is_hiding else 0)
        begun = min(len(word) for word in self._words if word.startswith(self._held))
        if shown > min(begun // 4, SHORTEST - 1):
            return ""
        rest, self._given, self._is_hiding = self._held[self._given :], len(self._held), False
        return rest

    def end(self) -> str:
        """Stars for what is still held: a text that is cut off there may have been cut within a word."""
        rest = STARS if self.is_waiting and not self._is_hiding else ""
        self._held, self._given, self._is_hiding = "", 0, False
        return rest

    def whole(self, text: str) -> str:
        """A text that is there as a whole."""
        return self._shown(text, list(_merged(self._found(text))), len(text)) if self._words else text

    def _found(self, text: str) -> Iterator[tuple[int, int]]:
        """Every place of every word."""
        for word in self._words:
            start = text.find(word)
            while start >= 0:
                yield start, start + len(word)
                start = text.find(word, start + 1)

    def _undecided(self, text: str) -> int:
        """Where the longest end of the text begins that is the beginning of a word."""
        first = len(text)
        for word in self._words:
            start = text.find(word[:1], max(len(text) - len(word) + 1, 0), first)
            while start >= 0 and not word.startswith(text[start:]):
                start = text.find(word[:1], start + 1, first)
            first = start if start >= 0 else first
        return first

    def _shown(self, text: str, spans: list[tuple[int, int]], end: int) -> str:
        """The text from what has been given out to `end`, which lies within no span."""
        parts: list[str] = []
        at = self._given
        for start, stop in spans:
            if start >= end:
                break
            if stop <= at:
                continue
            if start > at:
                parts.append(text[at:start])
                self._is_hiding = False
            if not self._is_hiding:
                parts.append(STARS)
            self._is_hiding, at = True, stop
        if at < end:
            parts.append(text[at:end])
            self._is_hiding = False
        return "".join(parts)


def _merged(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Spans in order; those that overlap or touch are one."""
    begin, end = -1, -1
    for start, stop in sorted(spans):
        if start > end:
            if end >= 0:
                yield begin, end
            begin = start
        end = max(end, stop)
    if end >= 0:
        yield begin, end
