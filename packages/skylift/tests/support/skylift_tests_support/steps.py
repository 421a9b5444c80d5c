"""Steps that tests run, here and in processes of their own. Each leaves a trace that can be counted."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Annotated

from skylift import pipeline, step
from skylift.runtime.context import get_step_context, log_metadata


def note(journal: str, line: str) -> None:
    """Append a line in one write, so that what a killed process wrote is whole or not there."""
    descriptor = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, f"{line}\n".encode())
    os.close(descriptor)


def meet(fifo: str) -> None:
    """Wait until another process opens the other end of a FIFO."""
    with Path(fifo).open("w"):
        pass


def tally(journal: str, name: str, before: int = 0) -> int:
    note(journal, name)
    print(f"output of {name}")
    return before + 1


def makes_much() -> str:
    """Too long to stand in its artifact's own record."""
    return "x" * 5000


def takes(value: str) -> int:
    return len(value)


def nothing() -> None:
    pass


def two() -> tuple[Annotated[int, "number"], Annotated[str, "text"]]:
    return 7, "seven"


def fails(message: str = "no luck") -> None:
    raise ValueError(message)


def is_stopped() -> None:
    raise KeyboardInterrupt


def fails_until(journal: str, attempt: int) -> int:
    """Fails in the first attempts."""
    now = get_step_context().attempt
    note(journal, f"attempt {now}")
    if now < attempt:
        raise ValueError(f"attempt {now} had no luck")
    return now


def exits(code: int | None = None) -> None:
    sys.exit(code)


def waits(arrived: str, go_on: str, journal: str = "") -> int:
    """Says that it runs, and runs until it is let go; says if it was interrupted."""
    try:
        meet(arrived)
        with Path(go_on).open() as fifo:
            fifo.read()
    except BaseException as error:
        if journal:
            note(journal, type(error).__name__)
        raise
    return 1


def keeps_what_it_has(arrived: str, times: int = 1, fails: bool = False) -> int:
    """Handles so many stops itself, as a training loop does, and returns; or fails over it, in each attempt."""
    handled = 0 if get_step_context().attempt == 1 else times
    while handled < times:
        try:
            meet(arrived)
            threading.Event().wait()
        except BaseException:
            handled += 1
    if fails:
        raise ValueError("a loader has gone")
    return 1


def gathers(journal: str, arrived: str, go_on: str) -> int:
    """Says that it is there, and waits until all are."""
    note(journal, "ran")
    note(arrived, ".")
    with Path(go_on).open():
        return os.getpid()


def deaf(arrived: str) -> None:
    """Is asked to stop and does not."""
    met = False
    while True:
        try:
            if not met:
                meet(arrived)
                met = True
            threading.Event().wait()
        except BaseException:
            continue


def stuck_in_c() -> None:
    """Waits outside the interpreter for what never comes, and no signal ends it."""
    import ctypes

    mutex = ctypes.create_string_buffer(128)
    print("going under")
    for _ in range(2):
        ctypes.CDLL(None).pthread_mutex_lock(mutex)


def speaks_in_tongues() -> None:
    """Python, C and a child process, each through its own way to the terminal."""
    import ctypes
    import logging
    import warnings

    print("from print")
    sys.stderr.write("from stderr\n")
    logging.getLogger("somewhere").warning("from logging")
    warnings.warn("from warnings", stacklevel=1)
    os.write(1, b"from a descriptor\n")
    ctypes.CDLL(None).puts(b"from C")
    subprocess.run(["/bin/sh", "-c", "echo from a child; echo from its stderr >&2"], check=True)


def prints_much_from_c(size: int) -> None:
    """More than a pipe holds, while the interpreter is held."""
    import ctypes

    ctypes.PyDLL(None).write(1, b"x" * size + b"\n", size + 1)


def leaves_a_child(seconds: int) -> None:
    subprocess.Popen(["sleep", str(seconds)])


def dies(signal_number: int = 9) -> None:
    print("last words", flush=True)
    os.kill(os.getpid(), signal_number)


def describes_itself() -> str:
    log_metadata({"rows": 3, "name": "first"})
    log_metadata({"name": "second"})
    context = get_step_context()
    return f"{context.pipeline}/{context.step}/{context.invocation}/{context.attempt}"


def reads_variable(name: str) -> str:
    os.environ["SKYLIFT_TEST_ADDED"] = "by the step"
    return os.environ[name]


def betrays(name: str) -> str:
    """Tells a secret in every way it has, and returns only that it had it."""
    import ctypes
    import logging

    secret, context = os.environ[name], get_step_context()
    assert context.secrets[name].get_secret_value() == secret
    print(f"printed {secret} {context}")
    sys.stderr.write(f"written {secret}")
    for letter in f" by letters {secret}\n":
        print(letter, end="", flush=True)
    logging.getLogger("somewhere").warning("logged %s", secret)
    half = len(secret) // 2
    os.write(1, f"in halves {secret[:half]}".encode())
    os.write(1, f"{secret[half:]}\n".encode())
    ctypes.CDLL(None).puts(f"from C {secret}".encode())
    subprocess.run(["/bin/sh", "-c", f'echo "from a child ${name}"'], check=True)
    log_metadata({"told": f"noted {secret}"})
    return f"{len(secret)} letters"


def prints(name: str) -> None:
    print(f"it is {os.environ[name]}!")


def forks_while_another_writes(name: str) -> int:
    """A child that is forked in the middle of another thread's turn; its exit code."""
    from skylift.runtime import streams

    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with streams.turn():
            held.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    child = os.fork()
    if child == 0:
        print(f"a child {os.environ[name]}", flush=True)
        os._exit(3)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    done.set()
    thread.join()
    return code


def betrays_and_fails(name: str) -> None:
    secret = os.environ[name]
    try:
        raise KeyError(secret)
    except KeyError as error:
        raise ValueError(f"{secret} is wrong" + "." * 11_000) from error


def betrays_and_dies(name: str) -> None:
    """In the middle of it."""
    os.write(1, f"it begins with {os.environ[name][:-1]}".encode())
    os.kill(os.getpid(), 9)


def betrays_and_waits(name: str, arrived: str) -> None:
    os.write(1, f"it begins with {os.environ[name][:2]}".encode())
    meet(arrived)
    threading.Event().wait()


CALLED: list[str] = []
"""What hooks were called with, in this process."""


def on_success() -> None:
    CALLED.append(f"success of {get_step_context().invocation}")


def on_failure(error: BaseException) -> None:
    CALLED.append(f"failure: {error}")


def betraying_hook() -> None:
    secret = os.environ["BETRAYED"]
    CALLED.append(secret)
    print(f"the hook says {secret}")


def failing_hook() -> None:
    raise RuntimeError("the hook broke")


def exiting_hook() -> None:
    sys.exit(3)


@step
def makes(seed: int) -> int:
    """The same, whatever it is given."""
    return 7


@step
def multiplies(value: int, factor: int) -> int:
    return value * factor


@pipeline
def apart(factor: int, seed: int = 0) -> None:
    multiplies(makes(seed), factor)
