"""Saying what is wrong with a user's own code: their error and their line, not ours."""

from __future__ import annotations

import sys
import sysconfig
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import skylift
import skylift_contract
from skylift_contract.errors import AuthoringError, ConfigurationError, SkyliftError

if TYPE_CHECKING:
    from collections.abc import Generator

WHOLE = "With --debug: the whole traceback."


def refusal(error: BaseException, who: str) -> AuthoringError:
    """The sentence for code that failed when it was imported."""
    if isinstance(error, SyntaxError) and error.filename:
        where = f"{error.filename}, line {error.lineno}"
        return AuthoringError(
            f"it is not valid Python: {error.msg}", who=where, value=(error.text or "").strip()
        )
    if isinstance(error, SystemExit):
        return AuthoringError(
            f"it ends the program when it is imported (exit code {error.code!r})",
            who=own_line(error) or who,
            fix='Put what runs the program below `if __name__ == "__main__":`.',
        )
    if isinstance(error, ConfigurationError):  # what is wrong in a decorator's options says its own fix
        return AuthoringError(str(error), who=own_line(error) or who)
    return AuthoringError(
        f"it fails when it is imported: {summary(error)}", who=own_line(error) or who, fix=_fix(error)
    )


def _fix(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"Install what brings {error.name!r} for {sys.executable}, or correct the import."
    if isinstance(error, ImportError) and "relative import" in str(error):
        return "Run it as a module of its package: skylift run package.module:pipeline"
    return WHOLE


@contextmanager
def explained(who: str) -> Generator[None]:
    """Turn what the user's pipeline function raises into a sentence; what is ours stays a bug.

    A sentence of ours gets the line as a note, where what it is about was written there.
    """
    try:
        yield
    except AuthoringError as error:
        if where := own_line(error):
            error.add_note(f"at {where}")
        raise
    except SkyliftError:
        raise
    except Exception as error:
        where = own_line(error)
        if where is None:
            raise
        raise AuthoringError(f"{who} fails: {summary(error)}", who=where, fix=WHOLE) from error


def summary(error: BaseException) -> str:
    return "".join(traceback.format_exception_only(error)).strip()


def own_line(error: BaseException) -> str | None:
    """`file, line n` of the last frame that is the user's; None where none is."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [
        frame for frame in frames if not frame.filename.startswith("<") and not _is_installed(frame.filename)
    ]
    return f"{own[-1].filename}, line {own[-1].lineno}" if own else None


def _is_installed(filename: str) -> bool:
    path = Path(filename).resolve()
    ours = (Path(folder).resolve() for package in (skylift, skylift_contract) for folder in package.__path__)
    theirs = (
        Path(sysconfig.get_path(kind)).resolve() for kind in ("stdlib", "platstdlib", "purelib", "platlib")
    )
    return any(path.is_relative_to(folder) for folder in (*ours, *theirs))
