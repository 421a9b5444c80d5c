from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sagemaker_cloud import ROLE, processing

from skylift_sagemaker.emulator.model import check_request, service, unknown_members, violations
from skylift_testkit.emulator.server import Refusal

JOB = service("sagemaker").operation_model("CreateProcessingJob").input_shape


def job(**changes: Any) -> dict[str, Any]:
    return {**processing(), "ProcessingJobName": "job", **changes}


def one(**changes: Any) -> str:
    (found,) = violations(JOB, job(**changes))
    return found


def test_a_good_request() -> None:
    assert list(violations(JOB, job())) == []
    check_request("sagemaker", "CreateProcessingJob", job())


@given(st.integers(0, 300))
def test_an_environments_values_have_256_characters(n: int) -> None:
    found = list(violations(JOB, job(Environment={"A": "x" * n})))
    assert found == ([] if n <= 256 else [
        (f"Value '{'x' * n}' at 'environment.A.member' failed to satisfy constraint: "
        "Member must have length less than or equal to 256")
    ])  # fmt: skip


@given(st.integers(0, 110))
def test_an_environment_has_100_entries(n: int) -> None:
    assert bool(list(violations(JOB, job(Environment={f"A{i}": "x" for i in range(n)})))) is (n > 100)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"ProcessingJobName": "a_b"},
            (
                "Value 'a_b' at 'processingJobName' failed to satisfy constraint: "
                "Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
            ),
        ),
        ({"RoleArn": None}, "Value null at 'roleArn' failed to satisfy constraint: Member must not be null"),
        (
            {"StoppingCondition": {"MaxRuntimeInSeconds": 777601}},
            (
                "Value '777601' at 'stoppingCondition.maxRuntimeInSeconds' failed to satisfy constraint: "
                "Member must have value less than or equal to 777600"
            ),
        ),
        (
            {"Environment": {"A": 3}},
            "Value '3' at 'environment.A.member' failed to satisfy constraint: Member must be of type string",
        ),
        (
            {"AppSpecification": {"ImageUri": "a", "ContainerEntrypoint": ["a", "b\nc"]}},
            (
                "Value 'b\nc' at 'appSpecification.containerEntrypoint.2.member' failed to satisfy constraint: "
                "Member must satisfy regular expression pattern: .*"
            ),
        ),
        (
            {"Tags": [{"Key": "a#", "Value": "b"}]},
            (
                "Value 'a#' at 'tags.1.member.key' failed to satisfy constraint: "
                r"Member must satisfy regular expression pattern: ([\p{L}\p{Z}\p{N}_.:/=+\-@]*)"
            ),
        ),
    ],
)
def test_the_services_words(changes: dict[str, Any], expected: str) -> None:
    assert one(**changes) == expected


def test_an_instance_type_that_is_none_names_those_there_are() -> None:
    cluster = {"InstanceType": "ml.huge", "InstanceCount": 1, "VolumeSizeInGB": 1}
    found = one(ProcessingResources={"ClusterConfig": cluster})
    assert found.startswith(
        "Value 'ml.huge' at 'processingResources.clusterConfig.instanceType' failed to satisfy"
    )
    assert "Member must satisfy enum value set: [ml.t3.medium, " in found


def test_an_expression_is_right_where_a_text_would_be() -> None:
    assert list(violations(JOB, job(Environment={"A": {"Get": "Execution.PipelineName"}}))) == []


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(
        Refusal, match=r"^400 ValidationException: 3 validation errors detected: Value null at"
    ):
        check_request("sagemaker", "CreateProcessingJob", {**processing(), "RoleArn": "no role at all!"})


def test_names_that_the_model_does_not_know() -> None:
    told = job(Enviroment={}, StoppingCondition={"MaxRunTime": 3, "MaxRuntimeInSeconds": 3})
    assert sorted(unknown_members(JOB, told)) == ["Enviroment", "StoppingCondition.MaxRunTime"]
    assert list(unknown_members(JOB, job(Environment={"ANY": "thing"}))) == []


def test_accented_letters_are_letters() -> None:
    tags = service("sagemaker").operation_model("CreatePipeline").input_shape.members["Tags"]
    assert list(violations(tags, [{"Key": "prüfung", "Value": ROLE}])) == []
