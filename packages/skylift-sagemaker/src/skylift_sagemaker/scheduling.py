"""Schedules of EventBridge Scheduler. Each starts a pipeline of its own: it cannot name a version of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from skylift_contract.errors import NotFound, SkyliftError
from skylift_sagemaker.arns import Arn
from skylift_sagemaker.deploying import write
from skylift_sagemaker.names import request_token

if TYPE_CHECKING:
    from skylift_sagemaker.client import SagemakerClient
    from skylift_sagemaker.deploying import Deployment
    from skylift_sagemaker.schedule import Trigger

KEPT: Final = (
    *("Name", "GroupName", "Description", "ScheduleExpression", "ScheduleExpressionTimezone", "StartDate"),
    *("EndDate", "State", "KmsKeyArn", "Target", "FlexibleTimeWindow", "ActionAfterCompletion"),
)
"""What GetSchedule tells and UpdateSchedule has to be told again, for it resets what it is not told."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which schedule, by whom it starts its pipeline, and what people see of it."""

    group: str
    role: str
    description: str


def deploy(client: SagemakerClient, wanted: Deployment, place: Place, trigger: Trigger) -> str:
    """Create or update the schedule and its pipeline; its ARN.

    It is active then. A pipeline that was made for a schedule which could not be is deleted again.
    """
    written = write(client, wanted)
    request: dict[str, Any] = {
        "Name": wanted.name,
        "GroupName": place.group,
        "Description": place.description[:512],
        "State": "ENABLED",
        "Target": {
            "Arn": written.arn,
            "RoleArn": place.role,
            "SageMakerPipelineParameters": {"PipelineParameterList": []},
        },
        **trigger.request(),
    }
    try:
        if client.get_schedule(wanted.name, place.group) is None:
            return client.create_schedule(**request)
        return client.update_schedule(**request)
    except SkyliftError:
        if written.is_new:
            client.delete_pipeline(wanted.name, request_token("delete", wanted.name))
        raise


def describe(client: SagemakerClient, arn: str) -> dict[str, Any]:
    """Raises `NotFound`."""
    group, name = _place(arn)
    found = client.get_schedule(name, group)
    if found is None:
        raise NotFound(f"there is no schedule {name!r} in group {group!r}", operation="scheduler:GetSchedule")
    return {key: found[key] for key in ("Arn", *KEPT, "CreationDate", "LastModificationDate") if key in found}


def retime(client: SagemakerClient, arn: str, trigger: Trigger) -> None:
    """Have it fire at other times; bounds that it had and has no more are dropped."""
    kept = {key: value for key, value in describe(client, arn).items() if key in KEPT}
    bounds = {"StartDate", "EndDate"}
    client.update_schedule(
        **{key: value for key, value in kept.items() if key not in bounds | trigger.request().keys()},
        **trigger.request(),
    )


def switch(client: SagemakerClient, arn: str, state: str) -> None:
    """`ENABLED` or `DISABLED`."""
    kept = {key: value for key, value in describe(client, arn).items() if key in KEPT}
    client.update_schedule(**{**kept, "State": state})


def delete(client: SagemakerClient, arn: str) -> None:
    """It and its pipeline; raises `NotFound` where it was gone, its pipeline being deleted all the same."""
    group, name = _place(arn)
    try:
        client.delete_schedule(name, group)
    except NotFound:
        _delete_pipeline(client, name)
        raise
    _delete_pipeline(client, name)


def _delete_pipeline(client: SagemakerClient, name: str) -> None:
    if client.describe_pipeline(name) is not None:
        client.delete_pipeline(name, request_token("delete", name))


def _place(arn: str) -> tuple[str, str]:
    group, _, name = Arn.parse(arn).name.partition("/")
    return group, name
