"""The dynamic pipelines that the suites run."""

from __future__ import annotations

import os
import socket
import time
from typing import Annotated, Any

from skylift import get_step_context, pipeline, step
from skylift_contract.errors import StepFailed
from skylift_testkit import signals

Told = dict[str, str]
LASTS_S = 0.2


@step(enable_cache=False)
def double(value: int) -> Annotated[int, "value"]:
    return value * 2


@step(enable_cache=False)
def numbers(count: int) -> list[int]:
    return list(range(count))


@step(enable_cache=False)
def total(values: list[int]) -> Annotated[int, "value"]:
    return sum(values)


@step(enable_cache=False)
def fail() -> None:
    raise ValueError("conformance")


@step(enable_cache=False)
def tell() -> Annotated[Told, "told"]:
    context = get_step_context()
    process = f"{socket.gethostname()}/{os.getpid()}"
    return {
        "run_id": context.run_id,
        "orchestrator_run_id": context.orchestrator_run_id,
        "process": process,
    }


tell_apart = tell.with_options(runtime="isolated")
double_apart = double.with_options(runtime="isolated")


@step(enable_cache=False)
def note(word: str, awaits: str = "") -> str:
    """Writes down that it ran; fails unless what it awaits was said."""
    store = signals.of_step()
    signals.write_down(store, word)
    if awaits and not signals.was_said(store, awaits):
        raise PermissionError("conformance: not yet")
    return word


@step(enable_cache=False)
def crowd(number: int) -> int:
    """Writes down when it begins and when it ends; some others would begin meanwhile."""
    store = signals.of_step()
    signals.write_down(store, "begins")
    time.sleep(LASTS_S)
    signals.write_down(store, "ends")
    return number


@step(enable_cache=False)
def waits(value: str) -> str:
    """Says that it runs, and ends when it is told to."""
    store = signals.of_step()
    signals.say(store, "arrived")
    signals.wait_for(store, "go-on")
    return value


@pipeline(dynamic=True)
def doubling(until: int) -> None:
    value: Any = double(1)
    while value.load() < until:
        value = double(value)


@pipeline(dynamic=True)
def fanned(width: int) -> None:
    each: Any = double.map(numbers(width))
    total(each)


@pipeline(dynamic=True)
def apart() -> None:
    tell(id="inline")
    tell_apart(id="isolated")


@pipeline(dynamic=True, max_concurrent_steps=4)
def apart_at_once() -> None:
    double_apart.map([1, 2, 3, 4])


@pipeline(dynamic=True)
def careful() -> None:
    try:
        fail()
    except StepFailed:
        double(1, id="after_it")


@pipeline(dynamic=True)
def careless() -> None:
    fail()
    double(1)


@pipeline(dynamic=True)
def inner(value: int) -> int:
    return double(value)


@pipeline(dynamic=True)
def nesting() -> None:
    total([inner(2)])


@pipeline(dynamic=True, max_concurrent_steps=2)
def crowded() -> None:
    crowd.map(list(range(6)))


@pipeline(dynamic=True)
def interrupted() -> None:
    note("first")
    waits("second")
    note("third")


@pipeline(dynamic=True)
def hindered() -> None:
    note("first")
    note("second", awaits="go-on")
    note("third")
