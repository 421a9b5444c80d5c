"""What a submission's containers run in is asked for once, before anything is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from skylift import pipeline, step
from skylift.client import Client
from skylift_contract.containers import ResolvedImages
from skylift_contract.errors import AuthenticationError, BackendError
from skylift_contract.orchestrator import BaseOrchestratorConfig, ContainerizedOrchestrator, SubmissionResult
from skylift_contract.run_id import Env

if TYPE_CHECKING:
    from pathlib import Path

    from skylift_contract.snapshot import PipelineSnapshot
    from skylift_contract.stack import Stack


class Config(BaseOrchestratorConfig):
    @property
    def is_remote(self) -> bool:
        return False


class Containers(ContainerizedOrchestrator):
    """Resolves each step's image, or raises what it is told to."""

    run_id_sources = (Env(name="OWN_RUN"),)
    error: Exception | None = None

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.asked: list[tuple[str, ...]] = []
        self.sources: list[Path | None] = []
        self.submitted: list[PipelineSnapshot] = []

    def get_orchestrator_run_id(self) -> str:
        return "own"

    def resolve_images(
        self, snapshot: PipelineSnapshot, stack: Stack, source: Path | None = None
    ) -> ResolvedImages:
        if self.error is not None:
            raise self.error
        names = tuple(snapshot.step_configurations)
        self.asked.append(names)
        self.sources.append(source)
        return ResolvedImages(dict.fromkeys(names, "own@sha256:1"), {"linux/amd64\nnumpy": ("numpy==2.0",)})

    def submit_pipeline(self, snapshot: PipelineSnapshot, *_: Any, **__: Any) -> SubmissionResult:
        self.submitted.append(snapshot)
        return SubmissionResult(orchestrator_run_id="own/1")


@pytest.fixture
def orchestrator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Containers:
    monkeypatch.setenv("SKYLIFT_STORE_URI", f"file://{tmp_path}/store")
    return Containers(Config(), flavor="own")


@step
def one() -> int:
    return 1


@pipeline
def own() -> None:
    one()


def test_they_are_in_the_snapshot_that_is_submitted_and_recorded(orchestrator: Containers) -> None:
    own.with_options(orchestrator=orchestrator)()
    (snapshot,) = orchestrator.submitted
    assert snapshot.images == {"one": "own@sha256:1"}
    assert snapshot.locks == {"linux/amd64\nnumpy": ("numpy==2.0",)}
    assert orchestrator.get_image(snapshot, "one") == "own@sha256:1"
    assert Client().run("last").snapshot_of.digest == snapshot.digest
    assert orchestrator.asked == [("one",)]
    (root,) = orchestrator.sources
    assert root is not None
    assert (root / "pyproject.toml").exists()


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (AuthenticationError("no", operation="own:push"), AuthenticationError, r"^own:push: no\.$"),
        (
            ValueError("bad"),
            BackendError,
            r"^Containers\.resolve_images of .*: it failed for submission .*bad",
        ),
    ],
)
def test_what_is_wrong_with_them_is_raised_and_nothing_is_recorded(
    orchestrator: Containers, error: Exception, kind: type[Exception], said: str
) -> None:
    orchestrator.error = error
    with pytest.raises(kind, match=said):
        own.with_options(orchestrator=orchestrator)()
    assert orchestrator.submitted == []
    assert list(Client().runs()) == []
