"""What a thousand steps with resources, ten variables and two images cost as a PipelineSpec document.

nox -s bench -- benchmarks/pipelinespec.py
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from budgets import Measured, are_over

from skylift_contract.canonical import canonical_json
from skylift_pipelinespec.asked import Asked, Reader, Resources
from skylift_pipelinespec.document import pipeline_spec

if TYPE_CHECKING:
    from typing import Any

STEPS, VARIABLES, RUNS = 1000, 10, 5


def thousand() -> list[Asked]:
    environment = {f"VARIABLE_{number}": "value" for number in range(VARIABLES)}
    return [
        Asked(
            name=f"step_{number}",
            image=f"registry.example/image:{number % 2}",
            command=["python", "-m", "skylift.runtime", "step", "--step", f"step_{number}"],
            after=[f"step_{number - 1}"] if number else [],
            environment=environment,
            resources=Resources(cpu_count=4, memory_bytes=16 * 10**9),
        )
        for number in range(STEPS)
    ]


def built(tasks: list[Asked]) -> tuple[float, dict[str, Any]]:
    """CPU seconds, and the document."""
    reader = Reader(run_id="{{$.pipeline_job_name}}", variable="RUN")
    before = time.process_time()
    document = pipeline_spec("daily", tasks, reader, "bench")
    return time.process_time() - before, document


def main() -> None:
    tasks = thousand()
    found = [built(tasks) for _ in range(RUNS)]
    size = len(canonical_json(found[0][1])) / 1000
    what = f"PipelineSpec of {STEPS} steps with resources, {VARIABLES} variables, two images"
    rows = [Measured(what, min(taken for taken, _ in found), 0.2, "s CPU"), Measured(what, size, 400, "kB")]
    sys.exit(are_over(rows, "PipelineSpec"))


if __name__ == "__main__":
    main()
