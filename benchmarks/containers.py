"""What a step in a container costs beside a bare container of the same image, both in one run.

The fastest of several each: what a person waits for on a quiet machine.

    nox -s bench -- benchmarks/containers.py

Needs a Docker Engine, as the tests of skylift-docker do: that of DOCKER_HOST, else one of its own.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from budgets import Measured, are_over

from skylift.launch.plan import plan
from skylift.launch.submit import Submission
from skylift.observer import Silent
from skylift_contract.flavor import make_orchestrator
from skylift_docker.client import DockerClient
from skylift_docker.flavor import DockerOrchestratorFlavor
from skylift_testkit.docker.api import Api
from skylift_testkit.docker.engine import OwnEngine
from skylift_testkit.docker.image import make_image

if TYPE_CHECKING:
    from collections.abc import Callable

    from skylift.authoring.pipelines import PipelineFunction

LENGTH, RUNS = 6, 5
BAR_S = 0.6


PROJECT = """
from skylift import pipeline, step

@step
def link(value: int) -> int:
    return value + 1

@pipeline(enable_cache=False)
def chain(length: int) -> None:
    value = 0
    for _ in range(length):
        value = link(value)
"""
"""Of its own, for every step's source is sent along: that of this repository has many hundred files."""


def project(folder: Path) -> PipelineFunction:
    (folder / "skylift.toml").write_text('[project]\nname = "bench"\n')
    (folder / "skylift_bench_flow.py").write_text(PROJECT)
    sys.path.insert(0, str(folder))
    return import_module("skylift_bench_flow").chain


def taken(what: Callable[[], object]) -> float:
    before = time.perf_counter()
    what()
    return time.perf_counter() - before


def bare(client: DockerClient, image: str) -> None:
    """What `docker run --rm IMAGE python -c pass` asks of the engine."""
    container = client.create("skylift-bench-bare", {"image": image, "command": ["python", "-c", "pass"]})
    client.start(container)
    client.wait(container)
    client.remove(container)


def ran(chain: PipelineFunction, length: int) -> float:
    submission = Submission(plan(chain, {"length": length}), Silent())
    return taken(submission.submit)


def measured(host: str, image: str, chain: PipelineFunction) -> list[Measured]:
    flavor = DockerOrchestratorFlavor()
    options = flavor.config_class.parse({"docker_host": host, "image": image})
    chain = chain.with_options(orchestrator=make_orchestrator(flavor, options, name="bench"))
    ran(chain, 1)  # what is read for the first time
    alone, each = list[float](), list[float]()
    with DockerClient(host) as client:
        for _ in range(RUNS):
            alone.append(taken(lambda: bare(client, image)))
            each.append((ran(chain, LENGTH) - ran(chain, 1)) / (LENGTH - 1))
    what = "a step in a container, over a bare container"
    return [Measured(what, min(each) - min(alone), BAR_S, "s wall")]


def main() -> None:
    host = os.environ.get("DOCKER_HOST")
    cache = Path(".nox", "bench-image")
    cache.mkdir(parents=True, exist_ok=True)
    with nullcontext() if host else OwnEngine() as engine, tempfile.TemporaryDirectory() as folder:
        os.environ["SKYLIFT_STORE_URI"] = f"file://{folder}/store"
        address = host or (engine.host if engine else "")
        image = make_image(Api(address), ("skylift", "skylift-contract"), cache)
        found = measured(address, image, project(Path(folder)))
    sys.exit(are_over(found, "Containers"))


if __name__ == "__main__":
    main()
