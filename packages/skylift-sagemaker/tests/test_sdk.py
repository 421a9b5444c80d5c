"""Our steps in a pipeline of SageMaker's SDK; where that is not installed, what is said of it."""

from __future__ import annotations

import json
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from skylift_sagemaker_snapshots import STORE, definition, snapshot_of, step

from skylift import pipeline
from skylift import step as step_of_skylift
from skylift.ledger import keys
from skylift.store.location import open_store
from skylift_contract.errors import ConfigurationError
from skylift_contract.schedule import Schedule
from skylift_contract.snapshot import PipelineSnapshot
from skylift_contract.stack import ArtifactStore, Stack
from skylift_sagemaker.sdk import published, to_sdk_pipeline

HAS_SDK = find_spec("sagemaker") is not None
with_sdk = pytest.mark.skipif(not HAS_SDK, reason="SageMaker's SDK is not installed: matrix-sagemaker has it")
pytestmark = pytest.mark.filterwarnings("ignore")  # the SDK's own imports warn


@step_of_skylift
def one() -> int:
    return 1


@pipeline
def single() -> None:
    one()


@pytest.fixture
def session(credentials: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Of the SDK; it calls nobody."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")  # the SDK asks for one as it is imported
    boto3 = import_module("boto3")
    context = import_module("sagemaker.core.workflow.pipeline_context")
    return context.PipelineSession(boto_session=boto3.Session(region_name="eu-west-1"), default_bucket="b")


@pytest.fixture
def stack(make: Any) -> Stack:
    return Stack("tests", make(), ArtifactStore(STORE))


def theirs(document: dict[str, Any], session: Any) -> Any:
    """The SDK's own ProcessingStep, made of the same values by its own classes."""
    steps, retry = (import_module(f"sagemaker.mlops.workflow.{name}") for name in ("steps", "retry"))
    variables = import_module("sagemaker.core.workflow.execution_variables").ExecutionVariables
    told, cluster = document["Arguments"], document["Arguments"]["ProcessingResources"]["ClusterConfig"]
    processor = import_module("sagemaker.core.processing").Processor(
        role=told["RoleArn"],
        image_uri=told["AppSpecification"]["ImageUri"],
        entrypoint=told["AppSpecification"]["ContainerEntrypoint"],
        instance_count=1,
        instance_type=cluster["InstanceType"],
        volume_size_in_gb=cluster["VolumeSizeInGB"],
        max_runtime_in_seconds=told["StoppingCondition"]["MaxRuntimeInSeconds"],
        env={
            name: value if isinstance(value, str) else variables.PIPELINE_EXECUTION_ARN
            for name, value in told["Environment"].items()
        },
        tags=told["Tags"],
        sagemaker_session=session,
    )
    faults, of_jobs = retry.StepExceptionTypeEnum, retry.SageMakerJobExceptionTypeEnum
    first, second = document["RetryPolicies"]
    policies = [
        retry.StepRetryPolicy(members(faults, first), **bounds(first)),
        retry.SageMakerJobStepRetryPolicy(failure_reason_types=members(of_jobs, second), **bounds(second)),
    ]
    return steps.ProcessingStep(
        document["Name"],
        step_args=processor.run(),
        depends_on=document.get("DependsOn"),
        retry_policies=policies,
    )


def members(enum: Any, policy: dict[str, Any]) -> list[Any]:
    """Of an enum of the SDK, which gives its first member for whatever it is called with."""
    return [one for name in policy["ExceptionType"] for one in enum if one.value == name]


def bounds(policy: dict[str, Any]) -> dict[str, Any]:
    return {
        "interval_seconds": policy["IntervalSeconds"],
        "backoff_rate": policy["BackoffRate"],
        "max_attempts": policy["MaxAttempts"],
    }


def written(made: Any) -> dict[str, Any]:
    return json.loads(made.definition())


@with_sdk
def test_our_document_of_a_step_is_the_sdks(session: Any, snapshot: PipelineSnapshot) -> None:
    ours = definition(snapshot)["Steps"]
    sdk = import_module("sagemaker.mlops.workflow.pipeline").Pipeline(
        name="daily", steps=[theirs(one, session) for one in ours], sagemaker_session=session
    )
    assert written(sdk)["Steps"] == ours


@with_sdk
@pytest.mark.parametrize("options", [{}, {"job_type": "training", "fault_attempts": 0}])
def test_a_pipeline_of_the_sdk_says_what_ours_does(
    session: Any, snapshot: PipelineSnapshot, make: Any, options: dict[str, Any]
) -> None:
    stack = Stack("tests", make(bucket="skylift-tests", **options), ArtifactStore(STORE))
    made = written(to_sdk_pipeline(snapshot, stack, "churn", session))
    ours = definition(snapshot, **options)
    assert made["Steps"] == ours["Steps"]
    assert made["PipelineExperimentConfig"] is None


@with_sdk
def test_ours_and_theirs_come_after_each_other(
    session: Any, snapshot: PipelineSnapshot, stack: Stack
) -> None:
    made = to_sdk_pipeline(snapshot, stack, "churn", session)
    (document, *_) = definition(snapshot)["Steps"]
    added = theirs({**document, "Name": "theirs", "DependsOn": ["train_2"]}, session)
    made.steps.append(added)
    made.steps[0].add_depends_on(["first"])
    made.steps.append(theirs({**document, "Name": "first"}, session))
    after = {one["Name"]: one.get("DependsOn") for one in written(made)["Steps"]}
    assert after == {"load": ["first"], "train_2": ["load"], "theirs": ["train_2"], "first": None}
    arn = made.steps[0].properties.ProcessingJobArn
    assert arn.expr == {"Get": "Steps.load.ProcessingJobArn"}


@pytest.mark.skipif(HAS_SDK, reason="SageMaker's SDK is installed")
def test_without_the_sdk_its_extra_is_named(snapshot: PipelineSnapshot, stack: Stack) -> None:
    expected = (
        r"^to_sdk_pipeline: SageMaker's SDK cannot be imported: No module named 'sagemaker'\. Install it with: "
        r"pip install \"skylift-sagemaker\[sdk\]\"\.?$"
    )
    with pytest.raises(ConfigurationError, match=expected):
        to_sdk_pipeline(snapshot, stack, "churn")


def test_what_has_no_steps_is_refused(stack: Stack) -> None:
    with pytest.raises(
        ConfigurationError,
        match=r"^to_sdk_pipeline: a dynamic pipeline has no steps before it runs \(got 'daily'\)\.$",
    ):
        to_sdk_pipeline(snapshot_of(dynamic=True), stack, "churn")


def test_a_schedule_is_not_lost(stack: Stack) -> None:
    snapshot = snapshot_of(step("load"), schedule=Schedule(cron_expression="0 2 * * *"))
    with pytest.raises(
        ConfigurationError, match=r"^to_sdk_pipeline: its schedule would be lost \(got 'daily'\)\. "
    ):
        to_sdk_pipeline(snapshot, stack, "churn")


def test_what_steps_read_is_in_the_store_when_it_is_published(make: Any, tmp_path: Path) -> None:
    orchestrator = make(image="123456789012.dkr.ecr.eu-west-1.amazonaws.com/base:1")
    stack = Stack("tests", orchestrator, ArtifactStore(f"file://{tmp_path}/store"), is_emulated=True)
    snapshot, found = published(single.with_options(stack=stack))
    assert found.artifact_store == stack.artifact_store
    store = open_store(stack.artifact_store.uri)
    assert store.get(keys.snapshot(snapshot.digest)) == snapshot.content
    assert snapshot.code is not None
    assert store.exists(keys.code(snapshot.code.digest))
