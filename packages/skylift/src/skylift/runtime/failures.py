"""What a step raised, as text: for the log, and for its record."""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import contextmanager, suppress
from pathlib import Path
from traceback import TracebackException
from typing import TYPE_CHECKING, Final

from skylift.ledger.records import ErrorInfo
from skylift.runtime.known_secrets import hidden
from skylift_contract.errors import SkyliftError

if TYPE_CHECKING:
    from collections.abc import Generator

MESSAGE_LIMIT: Final = 10_000
TRACEBACK_LIMIT: Final = 100_000
"""Characters. A record is read with every status; the whole stands in the log."""

NOT_SENT: Final = (
    "it was not sent along with the source: of a script outside a project only Python files are, "
    "so put a skylift.toml beside it; in a project, what git or .skyliftignore ignores stays behind"
)

_UNPACKED: Final[list[str]] = []
"""The folders that the source lies in, in a process that was sent it."""

_OWN_CODE: Final = str(Path(__file__).parent.parent)


@contextmanager
def unpacked_in(folder: Path) -> Generator[None]:
    """Show paths of the source, which was unpacked here, as they are in the user's own project."""
    found = list(dict.fromkeys(f"{path}{os.sep}" for path in (folder.resolve(), folder)))
    _UNPACKED.extend(found)
    try:
        yield
    finally:
        for path in found:
            _UNPACKED.remove(path)


def _in_project(text: str) -> str:
    for folder in _UNPACKED:
        text = text.replace(folder, "")
    return text


def error_info(error: BaseException) -> ErrorInfo:
    return ErrorInfo(
        type=type(error).__name__,
        message=_cut(_message(error), MESSAGE_LIMIT),
        traceback=_cut(_storable(own_traceback(error)), TRACEBACK_LIMIT),
    )


def summary(error: BaseException) -> str:
    """An exception in a line or a few, for people."""
    if isinstance(error, SystemExit):
        return _cut(hidden(f"it called sys.exit({error.code!r})"), MESSAGE_LIMIT)
    message = _cut(_message(error), MESSAGE_LIMIT)
    if isinstance(error, SkyliftError):
        return message
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def own_traceback(error: BaseException) -> str:
    """The traceback as text, without Skylift's own frames and the step's secrets.

    An error of Skylift's is its own sentence, and its cause the store's or a library's: that
    stands in no record.
    """
    shown = traceback.TracebackException.from_exception(error, capture_locals=False)
    if isinstance(error, SkyliftError):
        shown.__cause__ = shown.__context__ = None
        if not _users_frames(shown):
            return hidden(f"{error}\n")
    seen: TracebackException | None = shown
    while seen is not None:
        if frames := _users_frames(seen):
            seen.stack = traceback.StackSummary.from_list(frames)
        seen = seen.__cause__ or seen.__context__
    return hidden(_in_project("".join(shown.format())))


def has_own_frames(error: BaseException) -> bool:
    """Whether a traceback says more than the error's sentence; always, where that is not Skylift's."""
    if not isinstance(error, SkyliftError):
        return True
    return bool(_users_frames(traceback.TracebackException.from_exception(error)))


def _users_frames(shown: TracebackException) -> list[traceback.FrameSummary]:
    return [frame for frame in shown.stack if not frame.filename.startswith(_OWN_CODE)]


def print_traceback(error: BaseException) -> None:
    """On stderr, where there still is one."""
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(own_traceback(error))
        sys.stderr.flush()  # before the next line about the run, which may go to another stream


def _message(error: BaseException) -> str:
    """Without secrets, before anything is cut: a piece of one would not be found."""
    try:
        text = _storable(hidden(str(error)))
    except Exception as broken:  # noqa: BLE001 -- an exception's own __str__ is the user's code
        return f"<its __str__ raised {type(broken).__name__}>"
    shown = _in_project(text)
    return f"{shown} ({NOT_SENT})" if isinstance(error, FileNotFoundError) and shown != text else shown


def _storable(text: str) -> str:
    """Names of files that are no UTF-8 reach messages as lone surrogates, which JSON cannot hold."""
    return text.encode("utf-8", "backslashreplace").decode()


def _cut(text: str, limit: int) -> str:
    """The beginning and the end, for a traceback says most at its end."""
    if len(text) <= limit:
        return text
    left_out = len(text) - limit
    return f"{text[: limit // 2]}\n[… {left_out} characters left out …]\n{text[-(limit - limit // 2) :]}"
