"""Steps of ours in a pipeline of SageMaker's own SDK, for who runs them beside steps of that.

The extra `sdk` brings it: `sagemaker>=3.0.1`. Nothing else here needs it, and it is imported when it is
used; what it is used for has no types.
"""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from skylift.launch.environments import base_environment, step_environments
from skylift.launch.images import with_images
from skylift.launch.plan import Plan, plan
from skylift.launch.put import put_plan
from skylift.ledger.ledger import Ledger
from skylift.store.location import open_store
from skylift_contract.errors import ConfigurationError
from skylift_sagemaker.compile import PIPELINE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift.authoring.pipelines import PipelineFunction
    from skylift_contract.snapshot import PipelineSnapshot
    from skylift_contract.stack import Stack

WHO: Final = "to_sdk_pipeline"


def published(pipeline: PipelineFunction, **parameters: Any) -> tuple[PipelineSnapshot, Stack]:
    """A pipeline's snapshot and its stack; what its steps read is in the stack's store when this returns.

    Starts nothing. Raises what running it would raise before anything starts. What only an SDK's
    pipeline needs is garbage to `skylift gc` once its runs are deleted: publish it again then.
    """
    made = with_images(plan(pipeline, parameters), f"pipeline {pipeline.name!r}")
    store = made.stack.artifact_store
    put_plan(Ledger(open_store(store.uri, store.options)), made)
    return made.snapshot, made.stack


def to_sdk_pipeline(snapshot: PipelineSnapshot, stack: Stack, name: str, session: Any = None) -> Any:
    """A `sagemaker.mlops.workflow.pipeline.Pipeline` of the snapshot's steps, in their order.

    Each is a `Step` of the SDK with a name to depend on, `properties`, and the document that we would
    send: add yours to `pipeline.steps`. Each execution is a run, as that of any pipeline of ours.

    Args:
        snapshot: Of a static pipeline; its content is in the stack's store (`published`).
        stack: With an orchestrator of flavor `sagemaker`.
        name: The SDK's pipeline's; one that Skylift deploys itself is not to be written by two.
        session: A `sagemaker.core.workflow.pipeline_context.PipelineSession`; by default the SDK's own.

    Raises `ConfigurationError` for a dynamic pipeline, for one that has a schedule, and without the SDK.
    """
    _check(snapshot)
    kinds = _modules()
    base = base_environment(Plan(snapshot, stack, None), None)
    compiled = stack.orchestrator.compile_pipeline(snapshot, stack, base, step_environments(snapshot, base))
    documents = json.loads(compiled.documents[PIPELINE])["Steps"]
    return kinds["pipeline"].Pipeline(
        name=name,
        steps=[_step(document, kinds) for document in documents],
        sagemaker_session=session,
        pipeline_experiment_config=None,
    )


def _check(snapshot: PipelineSnapshot) -> None:
    if snapshot.is_dynamic:
        raise ConfigurationError(
            "a dynamic pipeline has no steps before it runs", who=WHO, value=snapshot.name
        )
    if snapshot.schedule is not None:
        raise ConfigurationError(
            "its schedule would be lost",
            who=WHO,
            value=snapshot.name,
            fix="Leave it out, with_options(schedule=None), and give the SDK's pipeline one of its own.",
        )


def _modules() -> dict[str, Any]:
    """What of the SDK is used, by the last part of its modules' names."""
    names = (
        "sagemaker.mlops.workflow.pipeline",
        "sagemaker.mlops.workflow.steps",
        "sagemaker.core.workflow.properties",
    )
    try:
        return {name.rpartition(".")[2]: import_module(name) for name in names}
    except ImportError as error:
        raise ConfigurationError(
            f"SageMaker's SDK cannot be imported: {error}",
            who=WHO,
            fix='Install it with: pip install "skylift-sagemaker[sdk]"',
        ) from error


def _step(document: Mapping[str, Any], kinds: Mapping[str, Any]) -> Any:
    """A step of the SDK that is a document of ours, word for word.

    Its own ProcessingStep would say the same, and its TrainingStep cannot: of that no command can be given.
    """
    steps, name, kind = kinds["steps"], document["Name"], document["Type"]
    made = _class_of(document, steps.Step)(
        name,
        step_type=steps.StepTypeEnum(kind),
        description=document.get("Description"),
        depends_on=document.get("DependsOn"),
    )
    properties = kinds["properties"].Properties
    made.described = properties(step_name=name, step=made, shape_name=f"Describe{kind}JobResponse")
    return made


def _class_of(document: Mapping[str, Any], base: Any) -> Any:
    """Made when it is used, for what it is derived from is imported then."""

    def to_request(step: Any) -> dict[str, Any]:
        return {**base.to_request(step), **_retries(document)}

    def described(step: Any) -> Any:
        return step.described

    own: dict[str, Any] = {
        "arguments": property(lambda _: document["Arguments"]),
        "properties": property(described),
        "to_request": to_request,
    }
    return type("SkyliftStep", (base,), own)


def _retries(document: Mapping[str, Any]) -> dict[str, Any]:
    return {"RetryPolicies": document["RetryPolicies"]} if "RetryPolicies" in document else {}
