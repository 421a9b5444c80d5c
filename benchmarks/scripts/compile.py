"""CPU of tracing and compiling a pipeline of so many steps, and of making its bytes."""

import sys
import time

from skylift import ResourceSettings, pipeline, step
from skylift.compiler.compile import Target, compile_snapshot

TARGET = Target(project="bench", flavor="local")


@step(settings={"resources": ResourceSettings(cpu_count=1)}, environment={"A": "1"})
def work(value: int, depth: int = 6) -> int:
    return value + depth


@step
def first() -> int:
    return 0


@pipeline
def wide(length: int) -> None:
    start = first()
    for depth in range(length):
        work(start, depth=depth)


def taken(length: int) -> float:
    before = time.process_time()
    snapshot = compile_snapshot(wide, {"length": length}, TARGET)
    assert len(snapshot.digest) == 64
    return time.process_time() - before


taken(10)
print("figure compile", taken(int(sys.argv[1])))
print("figure tenth", taken(int(sys.argv[1]) // 10))
