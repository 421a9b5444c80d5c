"""What a command prints, on a stdout that may be closed, full, or read by nobody any more."""

from __future__ import annotations

import io
import os
import sys
from contextlib import contextmanager, nullcontext, redirect_stdout, suppress
from contextvars import ContextVar
from typing import IO, TYPE_CHECKING, Final

from skylift_contract.errors import SkyliftError

if TYPE_CHECKING:
    from collections.abc import Generator
    from contextlib import AbstractContextManager

_HELD: Final[ContextVar[list[str] | None]] = ContextVar("skylift_stdout", default=None)


class OutputFailed(SkyliftError):
    """What was to be printed could not be."""


def write(text: str) -> None:
    """Print a text as it is, at once; within `for_the_answer`, at its end.

    Raises `OutputFailed`, and `BrokenPipeError` where whoever read it has gone.
    """
    if (held := _HELD.get()) is not None:
        held.append(text)
        return
    if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison] -- the shell's `>&-`
        raise OutputFailed("it is closed", who="stdout", fix="Send it to a file, or to /dev/null.")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise refused(error) from error


def for_the_answer(output: str) -> AbstractContextManager[None]:
    """As JSON, keep stdout for what is given to `write`: what anybody else prints goes to stderr.

    That is a pipeline's own code, its steps, and the processes that they start. What was given
    before an error is printed all the same.
    """
    return _kept() if output == "json" else nullcontext()


@contextmanager
def _kept() -> Generator[None]:
    held: list[str] = []
    token = _HELD.set(held)
    try:
        with _elsewhere():
            yield
    finally:
        _HELD.reset(token)
        for text in held:
            write(text)


@contextmanager
def _elsewhere() -> Generator[None]:
    """Send stdout to stderr: Python's stream, and the descriptor that child processes inherit."""
    out, err = _descriptor(sys.stdout), _descriptor(sys.stderr)
    if out is None or err is None:
        with redirect_stdout(sys.stderr):
            yield
        return
    sys.stdout.flush()
    kept = os.dup(out)
    try:
        os.dup2(err, out)
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(kept, out)
        os.close(kept)


def _descriptor(stream: IO[str] | None) -> int | None:
    """None of a stream that is closed, or that is no file."""
    with suppress(OSError, io.UnsupportedOperation, AttributeError):
        return stream.fileno() if stream is not None else None
    return None


def refused(error: OSError) -> OutputFailed:
    return OutputFailed(
        f"it cannot be written: {error.strerror}", who="stdout", fix="Send it to where there is room."
    )


def discard() -> None:
    """Let go of what is still buffered: it would fail again when Python ends."""
    if sys.stdout is not None:  # pyright: ignore[reportUnnecessaryComparison]
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
