from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from skylift_vertex_snapshots import PARENT
from vertex_cloud import Cloud, GoogleError, container, document, pipeline_job, task

if TYPE_CHECKING:
    from collections.abc import Callable


def change(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Puts a value where a path of dots leads."""

    def apply(job: dict[str, Any]) -> None:
        *way, last = path.split(".")
        for part in way:
            job = job[part]
        job[last] = value

    return apply


SPEC = "pipelineSpec"
TASK = f"{SPEC}.root.dag.tasks.a"
CONTAINER = f"{SPEC}.deploymentSpec.executors.exec-a.container"


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (change("displayName", "é" * 65), "at most 128 UTF-8 bytes"),
        (change("runtimeConfig.gcsOutputDirectory", "s3://x"), "must be a gs:// path"),
        (change("labels", {"Upper": "x"}), "Invalid label"),
        (change("labels", {f"l{n}": "" for n in range(65)}), "At most 64 labels"),
        (change("pipelineSpec", {}), "Unsupported schema version"),
        (change("runtimeConfig", {}), "must be a gs:// path"),
        (change(f"{SPEC}.schemaVersion", "1.0"), "Unsupported schema version"),
        (change(f"{SPEC}.pipelineInfo.name", ""), "pipeline_info.name is not set"),
        (change(f"{SPEC}.surprise", "x"), 'no field named "surprise"'),
        (change(f"{SPEC}.root.dag.tasks", {}), "tasks is empty"),
        (change(f"{TASK}.dependentTasks", ["nobody"]), "nobody"),
        (change(f"{TASK}.dependentTasks", ["a"]), "wait for each other"),
        (change(f"{TASK}.componentRef.name", "nothing"), "has component 'nothing', which is not there"),
        (change(f"{SPEC}.components.comp-a.executorLabel", "x"), "Component 'comp-a' has no container"),
        (change(f"{TASK}.inputs.parameters", {}), r"Task 'a' gives no value to \['run'\]"),
        (change(f"{SPEC}.components.comp-a.inputDefinitions", {}), r"has no input parameters \['run'\]"),
        (change(f"{CONTAINER}.args", ["{{$.inputs.parameters['x']}}"]), "names no input parameter"),
        (change(f"{CONTAINER}.resources", {"memoryLimit": 625}), "624 GB"),
        (change(f"{CONTAINER}.image", ""), "the container has no image"),
        (change(f"{CONTAINER}.env", [{"name": "A", "value": 1}]), "Invalid JSON payload"),
        (change(f"{CONTAINER}.resources", {"cpuLimit": 97}), "at most 96 CPUs"),
        (change(f"{CONTAINER}.resources", {"accelerator": {"type": "ABACUS"}}), "no accelerator type 'ABACUS'"),
        (change("runtimeConfig.parameterValues", {"x": 1}), r"no input parameters \['x'\]"),
    ],
)  # fmt: skip
def test_what_could_not_run_is_refused_and_starts_nothing(
    cloud: Cloud, broken: Callable[[dict[str, Any]], None], said: str
) -> None:
    job = pipeline_job(document(a=(container("pass"), task(run="x"))))
    broken(job)
    with pytest.raises(GoogleError, match=said) as caught:
        cloud.call("Pipeline", "create_pipeline_job", parent=PARENT, pipelineJob=job)
    assert caught.value.code == 400
    assert cloud.emulator.executions() == []
