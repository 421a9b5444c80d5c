from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from sagemaker_cloud import ROLE, client, definition, step

from skylift_contract.discovery import EMULATORS, find
from skylift_contract.emulation import load_emulator
from skylift_sagemaker.emulator.local import BUCKET, emulated

if TYPE_CHECKING:
    from collections.abc import Mapping


def put(variables: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def config(**options: Any) -> Any:
    return SimpleNamespace(region=None, image=None, **options)


def test_it_is_found_by_the_flavors_name() -> None:
    assert [found.name for found in find(EMULATORS)["sagemaker"]] == ["sagemaker"]
    assert load_emulator("sagemaker") is emulated


def test_boto3_reaches_it_with_its_variables_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with emulated(config()) as told:
        assert told.hides == ("AWS_",)
        put(told.variables, monkeypatch)
        client("s3").head_bucket(Bucket=told.options["bucket"])
        made = client("sagemaker").create_pipeline(
            PipelineName="daily",
            PipelineDefinition=definition(step("a")),
            RoleArn=told.options["execution_role"],
        )
        assert made["PipelineArn"].split(":")[3:5] == ["us-east-1", "123456789012"]
        assert client("sts").get_caller_identity()["Account"] in told.options["execution_role"]


def test_it_is_in_the_orchestrators_region_and_keeps_its_image(monkeypatch: pytest.MonkeyPatch) -> None:
    with emulated(SimpleNamespace(region="cn-north-1", image="own")) as told:  # pyright: ignore[reportArgumentType]
        put(told.variables, monkeypatch)
        assert told.options["execution_role"] == ROLE.replace(":aws:", ":aws-cn:").replace(
            "SageMaker", BUCKET
        )
        assert told.options["image"] == "own"
        found = client("s3").get_bucket_location(Bucket=BUCKET)
        assert found["LocationConstraint"] == "cn-north-1"


def test_it_says_what_it_cannot_show() -> None:
    with emulated(config()) as told:
        assert told.lacks[0].startswith("steps run in this machine's Python")
        assert told.lacks[1] == (
            "a job that SageMaker could not start is tried again at once: the pauses of retry policies are not kept"
        )
