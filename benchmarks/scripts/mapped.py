"""CPU of one mapped inline step of a dynamic run, by the difference of two lengths; and reading it back."""

import resource
import sys
import time

from skylift import pipeline, step
from skylift.launch.plan import plan
from skylift.launch.submit import Submission
from skylift.models import PipelineRun
from skylift.observer import Silent


@step(enable_cache=False)
def item(value: int) -> int:
    return value


@pipeline(dynamic=True)
def wide(width: int) -> None:
    item.map(list(range(width)))


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def taken(width: int) -> tuple[float, PipelineRun]:
    planned = plan(wide, {"width": width})
    before = cpu()
    run = Submission(planned, Silent()).submit()
    assert isinstance(run, PipelineRun)
    return cpu() - before, run


taken(5)
few, many = int(sys.argv[1]) // 4, int(sys.argv[1])
(short, _), (long, run) = taken(few), taken(many)
print("figure mapped", (long - short) / (many - few))
began = time.perf_counter()
assert len(run.fetch().steps) == many
print("figure status", time.perf_counter() - began)
