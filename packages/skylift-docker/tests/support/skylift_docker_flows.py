"""Pipelines whose steps run in containers. FIFOs in a folder that is mounted tell when they are where."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

from skylift import ExecutionMode, ResourceSettings, StepRetryConfig, get_step_context, pipeline, step


def meet(fifo: str) -> None:
    """Wait until somebody opens the other end of a FIFO."""
    with Path(fifo).open("w"):
        pass


def note(journal: str, line: str) -> None:
    with Path(journal).open("a") as file:
        file.write(f"{line}\n")


@step
def waits(folder: str, name: str) -> int:
    """Says that it runs, and runs until it is let go; says if it was interrupted."""
    print(f"{name} is here")
    try:
        meet(f"{folder}/{name}.arrived")
        Path(f"{folder}/{name}.go_on").read_text()
    except BaseException as error:
        note(f"{folder}/{name}.journal", type(error).__name__)
        raise
    return 1


@step
def after(value: int) -> int:
    return value + 1


@step
def fails(value: int) -> int:
    raise ValueError(f"no luck with {value}")


@step(settings={"resources": ResourceSettings(memory="80MB")}, retry=StepRetryConfig(max_retries=1))
def greedy(folder: str, attempts: int) -> int:
    """Takes more memory than it has, in the first attempts."""
    attempt = get_step_context().attempt
    note(f"{folder}/greedy.journal", f"{attempt} {socket.gethostname()}")
    if attempt <= attempts:
        bytearray(b"x" * 200_000_000)
    return attempt


@step(settings={"resources": ResourceSettings(memory="80MB")})
def waits_and_takes(folder: str) -> int:
    meet(f"{folder}/a.arrived")
    Path(f"{folder}/a.go_on").read_text()
    return len(bytearray(b"x" * 200_000_000))


@pipeline
def one_that_is_killed(folder: str) -> None:
    waits_and_takes(folder)


@step
def own_user() -> tuple[Annotated[int, "uid"], Annotated[int, "gid"]]:
    Path.home().joinpath("mine").touch()
    return os.getuid(), os.getgid()


@step
def host_name() -> str:
    return socket.gethostname()


@step(runtime="isolated")
def host_name_apart() -> str:
    return socket.gethostname()


@step
def installed() -> int:
    """Of a package that nobody has, which only an index of the tests brings."""
    from importlib import import_module

    return import_module("own_top").VALUE


@pipeline
def with_requirements() -> None:
    installed()


@step(runtime="isolated", settings={"docker": {"requirements": ["own-top"]}})
def installed_apart() -> int:
    from importlib import import_module

    return import_module("own_top").VALUE


@pipeline(dynamic=True)
def apart_with_requirements() -> None:
    installed_apart()


@step
def colour() -> str:
    return os.environ["COLOUR"]


@pipeline
def two_installed() -> None:
    installed()
    colour()


@pipeline
def coloured() -> None:
    colour()


@pipeline
def waiting(folder: str) -> None:
    after(waits(folder, "a"))


@pipeline
def two(folder: str) -> None:
    waits(folder, "a")
    waits(folder, "b")


@step
def total(values: list[int]) -> int:
    return sum(values)


@pipeline
def wide(folder: str) -> None:
    total([waits(folder, name) for name in "abcd"])


@step(settings={"resources": ResourceSettings(memory="80MB")})
def ends(number: int) -> int:
    """In one of four ways."""
    if number % 4 == 1:
        raise ValueError(f"no luck with {number}")
    if number % 4 == 2:
        bytearray(b"x" * 200_000_000)
    if number % 4 == 3:
        os._exit(3)
    return number


@pipeline(enable_cache=False)
def several(number: int) -> None:
    after(ends(number))


@pipeline
def one_fails(folder: str) -> None:
    """`a` fails as soon as it goes on: there is nothing at its end."""
    fails(waits(folder, "a"))
    waits(folder, "b")


@pipeline(execution_mode=ExecutionMode.CONTINUE_ON_FAILURE)
def fails_beside(folder: str) -> None:
    fails(1)
    waits(folder, "a")


@pipeline
def hungry(folder: str, attempts: int) -> None:
    greedy(folder, attempts)


@pipeline
def owned() -> None:
    own_user()


@pipeline
def named() -> None:
    host_name()


@step
def left_behind() -> tuple[Annotated[int, "process_id"], Annotated[bool, "is_zombie"]]:
    """Whether a process is a zombie that has ended, and whose parent was gone by then.

    Its output ends with it. Only where this is the first process nobody else asks how it ended.
    """
    program = "import os; child = os.fork(); child and print(child, flush=True); child and os._exit(0)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    while state(int(done.stdout)) not in {"", "Z"}:
        os.sched_yield()
    while os.getpid() != 1 and state(int(done.stdout)):
        os.sched_yield()
    return os.getpid(), state(int(done.stdout)) == "Z"


def state(process: int) -> str:
    """A letter, as in proc(5); empty for one that is not there any more."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][:1]
    except (FileNotFoundError, ProcessLookupError):
        return ""


@pipeline
def with_orphans() -> None:
    left_behind()


@pipeline
def two_named() -> None:
    host_name()
    host_name()


@step(runtime="isolated", settings={"orchestrator.local_docker": {"user": "nobody-here"}})
def nobodys() -> None: ...


@pipeline(dynamic=True)
def apart_as_nobody() -> None:
    nobodys()


@pipeline(dynamic=True)
def inline(count: int = 2) -> None:
    value: Any = after(0)
    while value.load() < count:
        value = after(value)


@pipeline(dynamic=True)
def apart_unforeseen() -> None:
    """What it runs apart does not stand in its source as such."""
    host_name.with_options(runtime="isolated")()


@pipeline(dynamic=True)
def apart(folder: str) -> None:
    value: Any = host_name()
    beside: Any = host_name_apart()
    note(f"{folder}/apart.journal", f"{value.load()} {beside.load()}")


@step(runtime="isolated")
def waits_apart(folder: str) -> int:
    meet(f"{folder}/a.arrived")
    return len(Path(f"{folder}/a.go_on").read_text())


@pipeline(dynamic=True)
def apart_waiting(folder: str) -> None:
    waits_apart(folder)


@step(runtime="isolated")
def squared_apart(value: int) -> int:
    return value * value


@pipeline(dynamic=True)
def apart_at_once(folder: str) -> None:
    each: Any = squared_apart.map([1, 2, 3])
    note(f"{folder}/squares.journal", f"{[one.load() for one in each]}")


either_waits = waits.with_options(name="either_waits", runtime="isolated")


@pipeline(dynamic=True, max_concurrent_steps=2)
def apart_waiting_at_once(folder: str) -> None:
    either_waits.map(folder=folder, name=["a", "b"])


@step(runtime="isolated", settings={"resources": ResourceSettings(memory="80MB")})
def greedy_apart() -> None:
    bytearray(b"x" * 200_000_000)


@pipeline(dynamic=True)
def apart_hungry() -> None:
    greedy_apart()


@step
def password() -> int:
    return len(os.environ["DOCKER_TEST_PASSWORD"])


@pipeline(secrets=["DOCKER_TEST_PASSWORD"])
def secretive(folder: str) -> None:
    password(after=waits(folder, "a"))
