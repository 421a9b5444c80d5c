from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from skylift_vertex_answers import Answers, GrpcAnswers
from skylift_vertex_snapshots import IMAGE, LOCATION, PROJECT, config_of, snapshot_of, step

import skylift_testkit
from skylift_contract.flavor import make_orchestrator
from skylift_contract.snapshot import PipelineSnapshot
from skylift_testkit.running import RunningSuite
from skylift_vertex.client import VertexClient
from skylift_vertex.flavor import VertexOrchestratorFlavor
from skylift_vertex.orchestrator import VertexOrchestrator


def pytest_configure(config: pytest.Config) -> None:
    """Google's older libraries say of each Python when they will leave it behind."""
    config.addinivalue_line("filterwarnings", "ignore:You are using a Python version:FutureWarning")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what of the kit runs jobs: long, and of our code alone; `matrix-vertex` has it at the floors."""
    for item in items:
        function: Any = getattr(item, "function", None)
        suite = getattr(skylift_testkit, str(function.__qualname__).partition(".")[0], None)
        if isinstance(suite, type) and issubclass(suite, RunningSuite):
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def snapshot() -> PipelineSnapshot:
    return snapshot_of(step("load"), step("train_2", "load"))


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's credentials; and nothing of whoever runs the tests."""
    for name in (
        "GOOGLE_APPLICATION_CREDENTIALS",
        "GOOGLE_CLOUD_PROJECT",
        "CLOUD_ML_JOB_ID",
        "CLOUDSDK_CONFIG",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("skylift_vertex.client.PAUSES_S", (0.0,) * 4)


@pytest.fixture
def answers() -> Iterator[Answers]:
    with Answers() as server:
        yield server


@pytest.fixture
def client(answers: Answers) -> VertexClient:
    return VertexClient(config_of(api_endpoint=answers.endpoint, api_transport="rest"))


@pytest.fixture(params=["rest", "grpc"])
def either(request: pytest.FixtureRequest) -> Iterator[tuple[Answers, VertexClient]]:
    """A server and a client, by each transport."""
    kind = {"rest": Answers, "grpc": GrpcAnswers}[request.param]
    with kind() as server:
        yield server, VertexClient(config_of(api_endpoint=server.endpoint, api_transport=request.param))


@pytest.fixture
def make(answers: Answers) -> Any:
    def made(**options: Any) -> VertexOrchestrator:
        flavor = VertexOrchestratorFlavor()
        over = {"api_endpoint": answers.endpoint, "api_transport": "rest"}
        given = {"project": PROJECT, "location": LOCATION, "image": IMAGE, **over, **options}
        orchestrator: Any = make_orchestrator(flavor, flavor.config_class.parse(given), name="tests")
        return orchestrator

    return made
