"""Steps and pipelines for dynamic runs; processes import them from here."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from datetime import timedelta
from functools import partial
from operator import call
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from skylift import ExecutionMode, StepRetryConfig, get_step_context, pipeline, step
from skylift_contract.errors import StepFailed


@step(enable_cache=False)
def numbers(n: int) -> list[int]:
    return list(range(n))


@step(enable_cache=False)
def double(x: int) -> int:
    print(f"doubling {x}")
    return 2 * x


@step(enable_cache=False)
def add(x: int, y: int) -> int:
    return x + y


@step(enable_cache=False)
def total(xs: list[int]) -> int:
    return sum(xs)


@step(enable_cache=False)
def scaled(xs: list[int], by: int) -> int:
    return by * sum(xs)


@step(enable_cache=False)
def split(x: int) -> tuple[Annotated[int, "tens"], Annotated[int, "ones"]]:
    return x // 10, x % 10


@step(enable_cache=False)
def fail(why: str = "no") -> int:
    raise ValueError(why)


@step(enable_cache=False)
def fail_unless(path: str) -> str:
    """Fails until the file is there."""
    return Path(path).read_text()


@step(enable_cache=False)
def note(journal: str, word: str) -> str:
    """Writes down that it ran, and in which process."""
    with Path(journal).open("a") as file:
        file.write(f"{word} {os.getpid()}\n")
    return word


@step(runtime="isolated", enable_cache=False)
def note_apart(journal: str, word: str) -> str:
    return note.entrypoint(journal, word)


@step(enable_cache=False)
def array(n: int) -> np.ndarray:
    return np.arange(n)


@step(enable_cache=False)
def sum_of(values: np.ndarray) -> int:
    return int(values.sum())


@step(enable_cache=False)
def nothing() -> None:
    pass


MET = threading.Barrier(2, timeout=20)


@step(enable_cache=False)
def meet(name: str) -> str:
    """Ends only where another runs at the same time; says who it is itself."""
    MET.wait()
    print(f"{name} speaks")
    context = get_step_context()
    MET.wait()
    return context.invocation


@step(enable_cache=False)
def wait_for_ever(arrived: str) -> None:
    Path(arrived).touch()
    while True:
        threading.Event().wait(0.01)


@step(timeout=60, enable_cache=False)
def wait_in_a_process(arrived: str) -> None:
    wait_for_ever.entrypoint(arrived)


@step(enable_cache=False)
def process_of(x: int) -> int:
    return os.getpid()


@pipeline(dynamic=True)
def doubled_twice(x: int) -> int:
    return double(double(x))


@pipeline(dynamic=True)
def failing_within(why: str) -> int:
    double(1)
    return fail(why)


@pipeline(dynamic=True)
def handed_through(given: dict[str, Any]) -> Any:
    """What is in no list is no input of it: it comes back as it is."""
    double(1)
    return given["output"]


RAN: list[str] = []
"""The words that `said` was called with, and the numbers of `counted`, in this process."""


def ran() -> list[str]:
    """What ran since this was asked before."""
    found = list(RAN)
    RAN.clear()
    return found


@step(enable_cache=False)
def said(word: str) -> str:
    RAN.append(word)
    return word


@step(enable_cache=False)
def refused(word: str) -> str:
    RAN.append(word)
    raise ValueError(word)


@step(enable_cache=False)
def said_after(word: str, before: str) -> str:
    RAN.append(word)
    return f"{before} {word}"


def one_after_another() -> None:
    said("a")
    said("b")


@step(enable_cache=False)
def said_of(values: set[str]) -> int:
    RAN.append("values")
    return len(values)


@pipeline(dynamic=True)
def saying(word: str) -> str:
    first = said(f"{word} one")
    return said_after(f"{word} two", first)


CHOICE: list[str] = []
"""What a pipeline decides on, and must not."""


@pipeline(dynamic=True)
def chosen(word: str) -> None:
    said(CHOICE[0])


@pipeline(dynamic=True)
def catching(word: str) -> None:
    """What it catches is the last that it does."""
    with suppress(StepFailed):
        refused(word)


@step(enable_cache=False)
def fail_if_chosen() -> None:
    if CHOICE:
        raise ValueError(CHOICE[0])


@pipeline(dynamic=True)
def fails_at_first(word: str) -> None:
    said(word)
    fail_if_chosen()


def arrive(fifo: str) -> None:
    """Tell whoever reads the named pipe that this process has come here."""
    Path(fifo).write_text(f"{os.getpid()}\n")


@step(enable_cache=False)
def computes(fifo: str) -> None:
    """Python code without an end."""
    arrive(fifo)
    while True:
        pass


@step(runtime="isolated", enable_cache=False)
def computes_apart(fifo: str) -> None:
    computes.entrypoint(fifo)


@step(enable_cache=False, retry=StepRetryConfig(max_retries=1, delay=timedelta(hours=1)))
def fails_and_waits() -> None:
    raise ValueError("not yet")


LET_GO = threading.Event()


HELD = threading.Lock()


@step(enable_cache=False)
def hangs(fifo: str) -> None:
    """Waits for the system: nothing reaches a thread there."""
    file = os.open(fifo, os.O_WRONLY)
    told = f"{os.getpid()}\n".encode()
    # In one call of C: between lines of Python it could be reached.
    list(map(call, (partial(os.write, file, told), partial(os.close, file), HELD.acquire)))
    HELD.release()


@step(enable_cache=False)
def holds_on(fifo: str) -> int:
    """Ends when it may."""
    arrive(fifo)
    LET_GO.wait()
    return 1


@pipeline(dynamic=True)
def computing_within(fifo: str) -> None:
    double(1)
    computes(fifo)


@pipeline(dynamic=True)
def computing_itself(fifo: str) -> None:
    computes.entrypoint(fifo)


@pipeline(dynamic=True)
def holding_within(fifo: str) -> None:
    holds_on(fifo)
    double(1)


HERE = threading.Event()


@step(enable_cache=False)
def fail_after() -> None:
    """Fails once `computes_here` runs."""
    HERE.wait()
    raise ValueError("broken")


@step(enable_cache=False)
def computes_here(fifo: str) -> None:
    HERE.set()
    computes.entrypoint(fifo)


@pipeline(dynamic=True, execution_mode=ExecutionMode.FAIL_FAST)
def failing_fast(fifo: str) -> None:
    fail_after.submit()
    computes_here(fifo)


@step(runtime="isolated", enable_cache=False)
def passes(journal: str, once: int) -> None:
    """Notes that it begins, and, once so many have begun, that it ends."""
    _append(journal, "begins")
    while Path(journal).read_text().count("begins") < once:
        threading.Event().wait(0.01)
    _append(journal, "ends")


def _append(journal: str, word: str) -> None:
    file = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, f"{word}\n".encode())
    os.close(file)


@pipeline(dynamic=True)
def returning_a_failure(why: str) -> Any:
    """It takes note of the failure, and returns what was to be made all the same."""
    future = fail.submit(why)
    with suppress(StepFailed):
        future.load()
    return future


@step(enable_cache=False)
def pressed(number: int) -> int:
    """As if somebody pressed Ctrl-C while it runs."""
    raise KeyboardInterrupt(number)
