"""CPU of one no-op step in a chain that runs in this process, by the difference of two lengths.

Each chain begins with another number, so that nothing of it is in the cache; then it is run again.
"""

import resource
import sys

from skylift import pipeline, step
from skylift.launch.plan import plan
from skylift.launch.submit import Submission
from skylift.observer import Silent


@step
def link(value: int) -> int:
    return value + 1


@step
def first(value: int) -> int:
    return value


@pipeline
def chain(length: int) -> None:
    value = first(length * 1_000_000)
    for _ in range(length):
        value = link(value)


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def taken(length: int) -> float:
    planned = plan(chain, {"length": length})
    before = cpu()
    Submission(planned, Silent()).submit()
    return cpu() - before


taken(5)
short, long = int(sys.argv[1]) // 4, int(sys.argv[1])
print("figure step", (taken(long) - taken(short)) / (long - short))
print("figure cached", (taken(long) - taken(short)) / (long - short))
