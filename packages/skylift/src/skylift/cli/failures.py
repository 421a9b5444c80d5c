"""How a command ends: its exit code, and one sentence on stderr where something went wrong."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from skylift.cli.commands import Session
from skylift_contract.errors import SkyliftError

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED: Final = 130
"""128 + SIGINT, as a shell reports it."""

PIPE_CLOSED: Final = 1
"""Whoever read our output has gone; click exits so where it notices first."""

BUG: Final = 70
"""EX_SOFTWARE of sysexits(3)."""


def guarded(command: click.Command, argv: Sequence[str] | None) -> int:
    """Call a command, and say in one sentence what went wrong; the exit code."""
    session = Session()
    for stream in (sys.stdout, sys.stderr):
        _never_fail_on_characters(stream)
    try:
        code = command.main(argv and list(argv), prog_name="skylift", standalone_mode=False, obj=session)
        sys.stdout.flush()
    except (KeyboardInterrupt, click.Abort):
        return _said("stopped", INTERRUPTED)
    except BrokenPipeError:
        # What is still buffered would fail again when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except click.ClickException as error:
        return _said(f"error: {_usage(error)}", error.exit_code)
    except SkyliftError as error:
        return _failed(error, f"error: {error}", error.exit_code, session)
    except Exception as error:  # noqa: BLE001 -- whatever it is, nobody below wants a traceback unasked
        return _failed(error, f"error: {_bug(error)}", BUG, session)
    return code if isinstance(code, int) else 0


def _said(text: str, code: int) -> int:
    sys.stderr.write(f"{text}\n")
    return code


def _failed(error: BaseException, sentence: str, code: int, session: Session) -> int:
    if session.debug:
        traceback.print_exception(error)
    return _said(sentence, code)


def _usage(error: click.ClickException) -> str:
    message = error.format_message()
    ctx = getattr(error, "ctx", None)
    if not isinstance(ctx, click.Context):
        return message
    message = message if message.endswith((".", "?", "!")) else f"{message}."
    return f"{message[0].lower()}{message[1:]} See: {ctx.command_path} --help"


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
