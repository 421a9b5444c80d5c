from __future__ import annotations

import threading
from itertools import islice
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift.runtime import logs
from skylift.runtime.logs import CHUNK_BYTES, LogSink, pauses
from skylift_contract.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator


class Stored:
    """What a sink has stored; `down` is how many of the next tries fail, `lost` of those took effect."""

    def __init__(self) -> None:
        self.chunks: dict[int, bytes] = {}
        self.down, self.lost = 0, False
        self.arrived = threading.Event()

    def __call__(self, number: int, data: bytes) -> None:
        if self.down:
            self.down -= 1
            if self.lost:
                self.chunks.setdefault(number, data)
            raise StoreUnavailable("it is down", who="store")
        self.chunks.setdefault(number, data)  # as an object store: the first one stays
        self.arrived.set()

    @property
    def whole(self) -> bytes:
        return b"".join(self.chunks[number] for number in sorted(self.chunks))


class Turns:
    """Pauses that end when a test says so; each is noted."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self._turn = threading.Semaphore(0)
        self.is_waiting = threading.Semaphore(0)

    def wait(self, wake: threading.Event, pause: float) -> None:
        self.asked.append(pause)
        self.is_waiting.release()
        self._turn.acquire()

    def take(self, count: int = 1) -> None:
        """Let the pump look, so many times; returns when it waits again."""
        for _ in range(count):
            self.is_waiting.acquire()
            self._turn.release()
        self.is_waiting.acquire()
        self.is_waiting.release()

    def end(self) -> None:
        self._turn.release()


@pytest.fixture
def stored() -> Stored:
    return Stored()


@pytest.fixture
def turns() -> Iterator[Turns]:
    turns = Turns()
    yield turns
    turns.end()


def test_output_is_stored_while_the_step_runs(stored: Stored, turns: Turns) -> None:
    sink = LogSink(stored, turns.wait)
    sink.write(b"one")
    turns.take()
    after_one = stored.whole
    sink.write(b" two")
    turns.take()

    assert after_one == b"one"
    assert stored.chunks == {0: b"one", 1: b" two"}
    turns.end()
    sink.close()


def test_silence_stores_nothing(stored: Stored, turns: Turns) -> None:
    sink = LogSink(stored, turns.wait)
    sink.write(b"one")
    turns.take(4)
    turns.end()
    sink.close()

    assert stored.chunks == {0: b"one"}


def test_the_pauses_grow_to_a_minute(stored: Stored, turns: Turns) -> None:
    sink = LogSink(stored, turns.wait)
    sink.write(b"x")
    turns.take(3)
    turns.end()
    sink.close()

    assert turns.asked[:4] == [2.0, 3.0, 4.5, 6.75]
    assert list(islice(pauses(), 30))[-1] == 60.0


def test_a_full_chunk_does_not_wait_for_the_pause(stored: Stored) -> None:
    sink = LogSink(stored, lambda wake, _: wake.wait())
    sink.write(b"x" * CHUNK_BYTES)

    assert stored.arrived.wait(20)
    sink.close()


def test_who_wrote_nothing_has_no_log(stored: Stored) -> None:
    sink = LogSink(stored)
    sink.close()

    assert stored.chunks == {}
    assert not any(thread.name == "skylift-logs" for thread in threading.enumerate())


def test_after_the_end_nothing_is_taken(stored: Stored) -> None:
    sink = LogSink(stored)
    sink.write(b"one")
    sink.close()
    sink.write(b"two")
    sink.close()

    assert stored.whole == b"one"


texts = st.lists(st.text(st.characters(codec="utf-8"), max_size=30), max_size=20)


@given(texts, st.integers(4, 20), st.lists(st.sampled_from(["flush", "down", "lost", ""]), max_size=20))
def test_nothing_is_lost_or_cut(pieces: list[str], size: int, events: list[str]) -> None:
    """Chunks of so many bytes, while the store fails now and then, with and without effect."""
    stored, patched = Stored(), pytest.MonkeyPatch()
    patched.setattr(logs, "CHUNK_BYTES", size)
    sink = LogSink(stored, lambda wake, _: wake.wait())
    for number, piece in enumerate(pieces):
        event = events[number] if number < len(events) else ""
        if event in {"down", "lost"}:
            stored.down, stored.lost = 1, event == "lost"
        if piece:
            sink.write(piece.encode())
        if event:
            sink.settle()
    stored.down = 0
    sink.close()
    patched.undo()

    assert stored.whole.decode() == "".join(pieces)
    assert all(len(chunk) <= size and chunk.decode() for chunk in stored.chunks.values())


def test_chunks_are_of_256_kb(stored: Stored) -> None:
    sink = LogSink(stored, lambda wake, _: wake.wait())
    sink.write(b"x" * (2 * CHUNK_BYTES + 1))
    sink.close()

    assert [len(stored.chunks[number]) for number in range(3)] == [CHUNK_BYTES, CHUNK_BYTES, 1]


def test_what_cannot_be_kept_is_dropped_and_said_so(
    stored: Stored, turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "MOST_HELD_BYTES", 10)
    sink = LogSink(stored, turns.wait)
    stored.down = 1
    sink.write(b"0123")
    turns.take()
    for piece in (b"4567", b"89abc", b"def"):
        sink.write(piece)
    turns.end()
    sink.close()

    assert stored.whole == (
        b"0123[skylift: 9 bytes of output were dropped here, for the store could not be reached]\ndef"
    )


def test_an_end_that_cannot_be_stored_is_said(
    stored: Stored, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setattr(sys, "__stderr__", sys.stderr)
    sink = LogSink(stored)
    stored.down = 10
    sink.write(b"one")
    sink.settle()
    sink.close()

    assert capsys.readouterr().err == "skylift: the end of the log was not stored: store: it is down.\n"


def test_what_is_on_its_way_is_gathered_first(stored: Stored) -> None:
    sink = LogSink(stored)
    late = [b"late"]
    sink.gather = lambda: sink.write(late.pop()) if late else None
    sink.settle()

    assert stored.whole == b"late"
    sink.close()
