"""An orchestrator written to the documented interface runs pipelines, over S3, from a clean process."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from documented_orchestrator import (
    MyOrchestrator,
    MyOrchestratorConfig,
    MyOrchestratorFlavor,
    OldHook,
    OldHookConfig,
)
from skylift_tests_support.stores import BUCKET

from skylift import Client, ExecutionStatus, ResourceSettings, Schedule, pipeline, step
from skylift.ledger.records import Origin
from skylift.models import PipelineRun
from skylift_contract.capability import Capability
from skylift_contract.errors import (
    BackendError,
    ConfigurationError,
    FlavorBroken,
    RunFailed,
    UnsupportedCapability,
)
from skylift_contract.flavor import capabilities_of, make_orchestrator, verify
from skylift_contract.orchestrator import BaseOrchestrator

if TYPE_CHECKING:
    from collections.abc import Generator

CONFIG = {"region": "eu-central-1", "execution_role": "a-role"}


@step
def load_data() -> int:
    return 42


@step(settings={"resources": ResourceSettings(cpu_count=2, memory="2GB")}, environment={"FACTOR": "2"})
def process_data(data: int) -> int:
    return data * int(os.environ["FACTOR"])


@pipeline
def documented() -> None:
    process_data(load_data())


@step
def needs(data: int, file: str) -> int:
    return data + len(Path(file).read_text())


@pipeline
def fragile(file: str) -> None:
    needs(load_data(), file)


@pytest.fixture
def store_on_s3(
    s3_server: str, clean_environment: None, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> str:
    uri = f"s3://{BUCKET}/{request.node.name}"
    for name, value in {
        "SKYLIFT_STORE_URI": uri,
        "AWS_ENDPOINT_URL": s3_server,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    return uri


@pytest.fixture
def orchestrator() -> MyOrchestrator:
    made = make_orchestrator(MyOrchestratorFlavor(), MyOrchestratorConfig.parse(CONFIG))
    assert isinstance(made, MyOrchestrator)
    return made


@pytest.fixture(autouse=True)
def importable() -> Generator[None]:
    """Steps stand in this file, so a process that imports its name finds them."""
    before = list(sys.path)
    sys.path.insert(0, str(Path(__file__).parent))
    sys.modules["test_documented_interface"] = sys.modules[__name__]
    for function in (load_data, process_data, documented, needs, fragile):
        function.entrypoint.__module__ = "test_documented_interface"
    yield
    sys.path[:] = before


def test_each_step_is_submitted_and_finds_the_same_run(
    orchestrator: MyOrchestrator, store_on_s3: str
) -> None:
    run: PipelineRun = documented.with_options(orchestrator=orchestrator)()

    assert run.status is ExecutionStatus.COMPLETED
    assert run.steps["process_data"].outputs["output"].load() == 84
    record = run.record
    assert record is not None
    assert record.orchestrator_run_id is not None
    assert record.orchestrator_run_id.startswith("run-")
    assert str(run.id) == record.run_id
    assert record.submission_id == run.submission_id


def test_what_a_step_asks_for_reaches_the_orchestrator(
    orchestrator: MyOrchestrator, store_on_s3: str
) -> None:
    run: PipelineRun = documented.with_options(orchestrator=orchestrator)()

    first, second = orchestrator.submitted
    environment: Any = second["environment"]
    assert (second["cpu_count"], second["memory_mb"]) == (2, 2000)
    assert environment["FACTOR"] == "2"
    assert environment["SKYLIFT_STORE"] == store_on_s3
    assert environment["SKYLIFT_SUBMISSION_ID"] == run.submission_id
    assert first["image"] == f"python:{sys.version_info.major}.{sys.version_info.minor}-slim"
    assert first["command"] == [
        "python",
        "-m",
        "skylift.runtime",
        "step",
        "--snapshot",
        run.snapshot,
        "--step",
        "load_data",
    ]


def test_a_run_that_is_resumed_is_submitted_as_the_smaller_snapshot(
    orchestrator: MyOrchestrator, store_on_s3: str, tmp_path: Path
) -> None:
    with pytest.raises(RunFailed):
        fragile.with_options(orchestrator=orchestrator, enable_cache=False)(str(tmp_path / "file"))
    before = Client().run("last")
    (tmp_path / "file").write_text("x")
    run = before.resume(orchestrator=orchestrator)

    assert run.status is ExecutionStatus.COMPLETED
    assert run.steps["needs"].outputs["output"].load() == 43
    assert run.steps["load_data"].cached_from == Origin(run_id=str(before.id), invocation_id="load_data")
    (job,) = orchestrator.submitted
    assert cast("list[str]", job["command"])[-2:] == ["--step", "needs"]
    assert run.snapshot_of.code == before.snapshot_of.code


def test_two_runs_have_two_ids(orchestrator: MyOrchestrator, store_on_s3: str) -> None:
    runs: list[PipelineRun] = [documented.with_options(orchestrator=orchestrator)() for _ in range(2)]

    assert runs[0].id != runs[1].id


def test_a_remote_orchestrator_is_refused_with_a_store_on_this_machine(
    orchestrator: MyOrchestrator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SKYLIFT_STORE_URI", f"file://{tmp_path}")

    with pytest.raises(ConfigurationError, match=r"which cannot reach its store .*Use an artifact store on"):
        documented.with_options(orchestrator=orchestrator)()

    assert list(tmp_path.iterdir()) == []


def test_a_schedule_without_an_id_could_never_be_deleted(
    orchestrator: MyOrchestrator, store_on_s3: str
) -> None:
    daily = documented.with_options(orchestrator=orchestrator, schedule=Schedule(cron_expression="0 2 * * *"))

    with pytest.raises(BackendError, match=r"Return SubmissionResult\(schedule_id=…\)"):
        daily()


def test_the_old_hook_runs_the_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYLIFT_STORE_URI", f"file://{tmp_path}")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent.parent / "support"))
    old = OldHook(OldHookConfig(), name="old", flavor="old_hook")

    with pytest.raises(UnsupportedCapability, match=r"step 'process_data' uses cpu: .* uses memory: "):
        documented.with_options(orchestrator=old)()
    (tmp_path / "file").write_text("ab")
    run: PipelineRun = fragile.with_options(orchestrator=old)(str(tmp_path / "file"))

    assert run.status is ExecutionStatus.COMPLETED
    assert run.steps["needs"].outputs["output"].load() == 44


def test_capabilities_are_inferred_from_what_is_overridden() -> None:
    found = capabilities_of(MyOrchestratorFlavor(), MyOrchestratorConfig.parse(CONFIG))

    assert found[Capability.STATIC_PIPELINES]
    assert found[Capability.SCHEDULE_CRON]
    assert not found[Capability.DYNAMIC_PIPELINES]
    assert found[Capability.STOP].reason == "MyOrchestrator does not override stop_run"


def test_a_dynamic_pipeline_is_refused_before_anything_is_made(
    orchestrator: MyOrchestrator, store_on_s3: str
) -> None:
    with pytest.raises(
        UnsupportedCapability, match="MyOrchestrator does not override submit_dynamic_pipeline"
    ):
        documented.with_options(orchestrator=orchestrator, dynamic=True)()


def test_a_class_that_would_start_nothing_is_refused() -> None:
    class Idle(BaseOrchestrator):
        def get_orchestrator_run_id(self) -> str:
            return "x"

    class IdleFlavor(MyOrchestratorFlavor):
        @property
        def implementation_class(self) -> type[BaseOrchestrator]:
            return Idle

    with pytest.raises(FlavorBroken, match="overrides neither submit_pipeline nor prepare_or_run_pipeline"):
        verify(IdleFlavor())


def test_an_id_that_another_submission_has_is_refused(
    orchestrator: MyOrchestrator, store_on_s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skylift.orchestrators import SubmissionResult
    from skylift_contract.errors import RunIdError

    def submit(*_: Any, **__: Any) -> SubmissionResult:
        return SubmissionResult(orchestrator_run_id="always-the-same")

    monkeypatch.setattr(orchestrator, "submit_pipeline", submit)
    documented.with_options(orchestrator=orchestrator)()
    with pytest.raises(RunIdError, match="another submission has it already"):
        documented.with_options(orchestrator=orchestrator)()


def test_a_run_that_was_waited_for_and_never_started_is_a_failure(
    orchestrator: MyOrchestrator, store_on_s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orchestrator, "_run_all", lambda: None)
    with pytest.raises(
        RunFailed, match=r"it was waited for, and is pending: no step has started\. Look at what"
    ):
        documented.with_options(orchestrator=orchestrator)()
