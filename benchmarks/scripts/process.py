"""CPU from a step process's start to the user's function, as the function itself measures it."""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from skylift.client import Client

SCRIPT = """
import resource
from skylift import pipeline, step

@step
def measure() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime

@pipeline(settings={"orchestrator.local": {"max_parallelism": 2}})
def measured() -> None:
    for _ in range(8):
        measure()

if __name__ == "__main__":
    measured()
"""

with tempfile.TemporaryDirectory() as folder:
    script = Path(folder) / "measured.py"
    script.write_text(SCRIPT)
    for _ in range(2):
        subprocess.run([sys.executable, str(script)], check=True, capture_output=True)
    run = Client(os.environ["SKYLIFT_STORE_URI"]).run("last")
    taken = [found.outputs["output"].load() for found in run.steps.values()]
print("figure start", statistics.median(taken))
