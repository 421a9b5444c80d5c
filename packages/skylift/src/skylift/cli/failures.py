"""How a command ends: its exit code, and one sentence on stderr where something went wrong."""

from __future__ import annotations

import errno
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from skylift.cli import stdout
from skylift.cli.commands import Session
from skylift.console.words import printable
from skylift_contract.errors import SkyliftError

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED: Final = 130
"""128 + SIGINT, as a shell reports it."""

PIPE_CLOSED: Final = 1
"""Whoever read our output has gone; click exits so where it notices first."""

REFUSED: Final = 1
"""The machine refused something: a full disk, a folder that is gone."""

BUG: Final = 70
"""EX_SOFTWARE of sysexits(3)."""


def guarded(command: click.Command, argv: Sequence[str] | None) -> int:
    """Call a command, and say in one sentence what went wrong; the exit code."""
    session = Session()
    for stream in (sys.stdout, sys.stderr):
        _never_fail_on_characters(stream)
    try:
        return _called(command, argv, session)
    except (KeyboardInterrupt, click.Abort) as interruption:
        return _said(str(_interrupted(interruption)) or "stopped", INTERRUPTED)
    except BrokenPipeError:
        stdout.discard()
        return PIPE_CLOSED
    except Exception as error:  # noqa: BLE001 -- whatever it is, nobody below wants a traceback unasked
        return _failed(error, session)


def _interrupted(interruption: BaseException) -> BaseException:
    """What was raised: click makes an Abort of it, and up to 8.1.3 does not say of what."""
    if not isinstance(interruption, click.Abort):
        return interruption
    return interruption.__cause__ or interruption.__context__ or interruption


def _called(command: click.Command, argv: Sequence[str] | None, session: Session) -> int:
    """The command's exit code; what it printed is written when this returns."""
    code = command.main(argv and list(argv), prog_name="skylift", standalone_mode=False, obj=session)
    if sys.stdout is not None:  # pyright: ignore[reportUnnecessaryComparison] -- the shell's `>&-`
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise stdout.refused(error) from error
    return code if isinstance(code, int) else 0


def _said(text: str, code: int) -> int:
    with suppress(OSError, AttributeError):  # a stderr that is full, or closed: the code still tells
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
    return code


def _failed(error: Exception, session: Session) -> int:
    sentence, code = _sentence(error)
    if session.debug and not isinstance(error, click.ClickException):
        traceback.print_exception(error)
    notes = "".join(f"\n  {printable(note)}" for note in getattr(error, "__notes__", ()))
    return _said(f"error: {sentence}{notes}", code)


def _sentence(error: Exception) -> tuple[str, int]:
    """What to say of an error, and the exit code."""
    match error:
        case click.ClickException():
            return _usage(error), error.exit_code
        case stdout.OutputFailed():
            stdout.discard()
            return str(error), error.exit_code
        case SkyliftError():
            return printable(str(error)), error.exit_code
        case OSError():
            return _system(error), REFUSED
        case _:
            return _bug(error), BUG


def _usage(error: click.ClickException) -> str:
    message = " ".join(error.format_message().split())  # click shows choices one a line
    ctx = getattr(error, "ctx", None)
    if not isinstance(ctx, click.Context):
        return message
    message = message if message.endswith((".", "?", "!")) else f"{message}."
    return f"{message[0].lower()}{message[1:]} See: {ctx.command_path} --help"


_OF_STREAMS: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}
"""What writing to a file that is open fails with: here stdout, for a store's own are told by name."""


def _system(error: OSError) -> str:
    """What the machine refused; a folder that somebody deleted is the usual one."""
    if error.filename is None and error.errno in _OF_STREAMS:
        stdout.discard()
        return str(stdout.refused(error))
    try:
        Path.cwd()
    except FileNotFoundError:
        return "the current folder: it has been deleted. Change to one that is there."
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}. With --debug: where it happened."


def _bug(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(frame.filename).name}:{frame.lineno}"
    return (
        f"this is a bug in Skylift: {type(error).__name__} at {where}: {error}. "
        "Please report it with what the same command prints with --debug."
    )


def _never_fail_on_characters(stream: Any) -> None:
    """A terminal or a pipe in an old encoding gets an escape for what it cannot show."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")
