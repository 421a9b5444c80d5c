"""The command line of an emulator that is started on its own: its words, and how it serves."""

from __future__ import annotations

import argparse
import re
import sys
from typing import TYPE_CHECKING, Protocol, Self

from skylift_testkit.emulator.interruption import interruption

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager


class Emulator(Protocol):
    """A server, from `with` to its end; within that of `in_real_time()`, its schedules fire."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    def in_real_time(self) -> AbstractContextManager[object]: ...


def parser(module: str, serves: str) -> argparse.ArgumentParser:
    """Of `python -m MODULE`, without its arguments; `serves` is a sentence that says what is served."""
    return argparse.ArgumentParser(
        prog=f"python -m {module}",
        description=f"{serves} Everything is on this machine's loopback, on free ports. Schedules fire at "
        "their times.",
        epilog="It writes the variables that lead to it as lines for a shell (export NAME=VALUE), then an "
        "empty line, and serves until it is interrupted: Ctrl-C, or SIGTERM. What runs then ends with it, "
        "and what it holds is gone.",
    )


def bucket(marks: str) -> Callable[[str], str]:
    """What takes a bucket's name off a command line, where it may hold these besides letters and digits."""
    pattern = re.compile(rf"[a-z0-9][a-z0-9{re.escape(marks)}]{{1,61}}[a-z0-9]")

    def named(text: str) -> str:
        if not pattern.fullmatch(text) or ".." in text:
            raise argparse.ArgumentTypeError(
                f"{text!r} is no name of a bucket: 3 to 63 lower-case letters, digits and {' '.join(marks)} "
                "that begin and end with a letter or a digit, and no two dots in a row"
            )
        return text

    return named


def serve(emulator: Emulator, begin: Callable[[], Mapping[str, str]]) -> None:
    """Serve until the process is interrupted; schedules fire at their times.

    `begin` is called once it serves: it makes what is to be there, and its variables are written.
    """
    with interruption() as heard, emulator, emulator.in_real_time():
        for name, value in begin().items():
            sys.stdout.write(f"export {name}={value}\n")
        sys.stdout.write("\n")
        sys.stdout.flush()
        heard.recv(1)
