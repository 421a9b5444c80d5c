"""One build of an image, however many want it at once, and nothing beside it on the engine."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from skylift_contract.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from skylift_docker.image_client import Images

_LAYER: Final = re.compile(r" ---> ([0-9a-f]{12,})")
_FOUND: Final = re.compile(r"Step \d+/\d+ : FROM| ---> Using cache", re.IGNORECASE)
"""After such a line the next layer is one that was there."""


@contextmanager
def one_at_a_time(name: str, waits: str) -> Generator[None]:
    """Hold the lock of an image's name among this user's processes; `waits` is said where another has it.

    Where there can be no lock it is gone without: `named_when_done` keeps what came first, too.
    """
    import platformdirs
    from filelock import FileLock, Timeout

    folder = Path(platformdirs.user_state_dir("skylift", appauthor=False)) / "locks"
    lock = FileLock(folder / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.lock")
    with ExitStack() as held:
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            try:
                held.enter_context(lock.acquire(blocking=False))
            except Timeout:
                sys.stdout.write(f"{waits}\n")
                held.enter_context(lock.acquire())
        yield


@contextmanager
def named_when_done(images: Images, name: str) -> Generator[str]:
    """A name to build under, gone in the end: the image has its own by then, unless another took that."""
    partly = f"{name}-{os.urandom(4).hex()}"
    try:
        yield partly
        if not images.has(name):
            images.tag(partly, name)
    finally:
        images.remove(partly)


@contextmanager
def without_traces(images: Images, said: Iterable[str]) -> Generator[Iterator[str]]:
    """What a build says; if that is not read to its end, or ends in an error, its layers are removed."""
    made: list[str] = []
    try:
        yield _noting(said, made)
    except BaseException:
        for layer in reversed(made):
            with suppress(BackendError):  # it has become another image's, or its step still ends
                images.remove_unnamed(layer)
        raise


def _noting(said: Iterable[str], made: list[str]) -> Iterator[str]:
    """The lines, with the ids noted of layers that are new."""
    was_there = False
    for line in said:
        if _FOUND.match(line):
            was_there = True
        elif found := _LAYER.fullmatch(line):
            if not was_there:
                made.append(found[1])
            was_there = False
        yield line
