"""What a command prints, on a stdout that may be closed, full, or read by nobody any more."""

from __future__ import annotations

import os
import sys

from skylift_contract.errors import SkyliftError


class OutputFailed(SkyliftError):
    """What was to be printed could not be."""


def write(text: str) -> None:
    """Print a text as it is, at once.

    Raises `OutputFailed`, and `BrokenPipeError` where whoever read it has gone.
    """
    if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison] -- the shell's `>&-`
        raise OutputFailed("it is closed", who="stdout", fix="Send it to a file, or to /dev/null.")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise refused(error) from error


def refused(error: OSError) -> OutputFailed:
    return OutputFailed(
        f"it cannot be written: {error.strerror}", who="stdout", fix="Send it to where there is room."
    )


def discard() -> None:
    """Let go of what is still buffered: it would fail again when Python ends."""
    if sys.stdout is not None:  # pyright: ignore[reportUnnecessaryComparison]
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
