"""Tasks, documents of them, and the words of Kubeflow's own definition."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import Any

from skylift_contract.settings import StepRetryConfig
from skylift_pipelinespec.asked import Accelerator, Asked, Reader, Resources
from skylift_pipelinespec.document import pipeline_spec

READER = Reader(run_id="{{$.pipeline_job_name}}", variable="RUN")
IMAGE = "python:3.11-slim"
L4 = Accelerator("NVIDIA_L4", 1)


def task(name: str, *after: str, **asked: Any) -> Asked:
    asked = {"image": IMAGE, "command": ["python", "-m", "flow", name], **asked}
    return Asked(name=name, after=after, **asked)


def document(*tasks: Asked, name: str = "daily", reader: Reader = READER) -> dict[str, Any]:
    return pipeline_spec(name, tasks, reader, "tests-1")


def parsed(found: dict[str, Any]) -> Any:
    """The document as Kubeflow's own protos read it: an unknown field or a wrong type is an error."""
    protos: Any = import_module("kfp.pipeline_spec.pipeline_spec_pb2")
    json_format: Any = import_module("google.protobuf.json_format")
    json_format.ParseDict(found["deploymentSpec"], protos.PipelineDeploymentConfig())
    return json_format.ParseDict(found, protos.PipelineSpec())


def expanded(text: str) -> str:
    """Kubernetes' own, for a container that knows every variable; third_party/forked/golang/expansion."""
    found, place = "", 0
    while place < len(text):
        two = text[place : place + 2]
        closes = text.find(")", place)
        if two == "$$":
            found, place = found + "$", place + 2
        elif two == "$(" and closes >= 0:
            found, place = found + "REPLACED", closes + 1
        else:
            found, place = found + text[place], place + 1
    return found


def thousand() -> list[Asked]:
    """A thousand steps with resources, ten variables each, two images."""
    environment = {f"VARIABLE_{number}": "value" for number in range(10)}
    return [
        task(
            f"step_{number}",
            *([f"step_{number - 1}"] if number else []),
            image=f"registry.example/image:{number % 2}",
            environment=environment,
            resources=Resources(cpu_count=4, memory_bytes=16 * 10**9),
        )
        for number in range(1000)
    ]


CORPUS: dict[str, list[Asked]] = {
    "one": [task("load")],
    "diamond": [task("load"), task("left", "load"), task("right", "load"), task("join", "left", "right")],
    "two_images": [task("load"), task("train", "load", image="registry.example/train:1")],
    "asking": [
        task("load", resources=Resources(cpu_count=0.5, memory_bytes=8 * 1024**3)),
        task("train", "load", resources=Resources(4, 16 * 10**9, L4)),
        task("score", "train", environment={"B": "2", "A": "$(A) and $$ and $5"}),
    ],
    "retrying": [task("load", retry=StepRetryConfig(max_retries=3, delay=timedelta(seconds=1.5), backoff=2))],
    "names": [task("load_data"), task("load-data", "load_data"), task("Größe $(A)", "load-data")],
}
