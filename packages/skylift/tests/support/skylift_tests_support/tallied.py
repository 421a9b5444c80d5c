"""A dynamic pipeline of every kind of call; each step notes in a journal that it ran, before it returns."""

from __future__ import annotations

import os

from skylift import get_step_context, pipeline, step
from skylift_contract.errors import StepFailed


def note(journal: str) -> None:
    """One line, whole or not at all, whoever else writes one."""
    context = get_step_context()
    file = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, f"{context.run_id} {context.invocation}\n".encode())
    os.close(file)


@step(enable_cache=False)
def tally(journal: str, number: int) -> int:
    note(journal)
    return number


@step(runtime="isolated", enable_cache=False)
def tally_apart(journal: str, number: int) -> int:
    return tally.entrypoint(journal, number)


@step(enable_cache=False)
def total(journal: str, numbers: list[int]) -> int:
    note(journal)
    return sum(numbers)


@step(enable_cache=False)
def refuse(journal: str) -> int:
    note(journal)
    raise ValueError("refused")


@pipeline(dynamic=True)
def tallied_within(journal: str, number: int) -> int:
    background = tally.submit(journal, number)
    return total(journal, [tally(journal, number), background])  # pyright: ignore[reportArgumentType] -- futures stand for ints


@pipeline(dynamic=True)
def tallied(journal: str, apart: int) -> None:
    """`apart`: how many steps are processes of their own."""
    first = tally(journal, 3)
    background = tally.submit(journal, first)
    isolated = [tally_apart.submit(journal, number) for number in range(apart)]
    try:
        refuse(journal)
    except StepFailed:
        words = [1, 2, 3]
    else:
        words = []
    mapped = tally.map(journal, words)
    within = tallied_within(journal, first)
    total(journal, [first, background, within, *mapped, *isolated])  # pyright: ignore[reportArgumentType] -- futures stand for ints
