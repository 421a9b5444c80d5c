from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import import_module
from typing import Any, ClassVar
from urllib.request import Request, urlopen

import pytest
from botocore.loaders import JSONFileLoader, Loader  # pyright: ignore[reportMissingTypeStubs]
from moto.server import ThreadedMotoServer
from skylift_sagemaker_answers import Answers
from skylift_sagemaker_snapshots import IMAGE, ROLE, snapshot_of, step

from skylift_contract.flavor import make_orchestrator
from skylift_contract.snapshot import PipelineSnapshot
from skylift_sagemaker.flavor import SagemakerOrchestratorFlavor
from skylift_sagemaker.orchestrator import SagemakerOrchestrator

REGION = "eu-west-1"


RUNS_JOBS = {"run", "start", "backend"}
"""Of the kit's fixtures, those of tests for which the emulator runs jobs."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what of the kit runs jobs: long, and of our code alone; `matrix-sagemaker` has it at the floors."""
    for item in items:
        if item.path.stem == "test_conformance" and RUNS_JOBS.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


class ReadOnce(JSONFileLoader):
    """Keeps AWS's models of its services, a megabyte each, which every session would read anew."""

    read: ClassVar[dict[str, Any]] = {}

    def load_file(self, file_path: str) -> Any:
        if file_path not in self.read:
            self.read[file_path] = super().load_file(file_path)  # pyright: ignore[reportUnknownMemberType]
        return self.read[file_path]


@pytest.fixture(scope="session", autouse=True)
def _models() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Loader, "FILE_LOADER_CLASS", ReadOnce)
        yield


@pytest.fixture
def snapshot() -> PipelineSnapshot:
    return snapshot_of(step("load"), step("train_2", "load"))


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's; and nothing of whoever runs the tests."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nobodys")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")


@pytest.fixture
def aws(moto: str, credentials: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """moto over HTTP with a bucket and a role, by the variable alone; call it with a service's name for a client."""
    urlopen(Request(f"{moto}/moto-api/reset", method="POST")).close()
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto)

    boto3: Any = import_module("boto3")

    def client(service: str) -> Any:
        return boto3.client(service, region_name=REGION)

    trusted = {
        "Effect": "Allow",
        "Principal": {"Service": "scheduler.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    client("iam").create_role(
        RoleName="Scheduler", AssumeRolePolicyDocument=json.dumps({"Statement": [trusted]})
    )
    client("s3").create_bucket(
        Bucket="skylift-tests", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    return client


@pytest.fixture
def answers(credentials: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Answers]:
    """In place of every service."""
    with Answers() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.endpoint)
        yield server


@pytest.fixture
def make() -> Any:
    def made(**options: Any) -> SagemakerOrchestrator:
        flavor = SagemakerOrchestratorFlavor()
        given = {"execution_role": ROLE, "region": REGION, "image": IMAGE, **options}
        orchestrator: Any = make_orchestrator(flavor, flavor.config_class.parse(given), name="tests")
        return orchestrator

    return made
