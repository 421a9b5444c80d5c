"""What the flavor is for, from one end to the other: people's commands, Google's SDK, a store in GCS, jobs that run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from skylift_tests_support.shows import (
    check_a_kill,
    check_digits,
    check_emulated_runs_are_known,
    check_installs,
    check_places,
    check_two_firings,
    only_run,
    registered,
    served,
    skylift,
)
from skylift_tests_support.untold import check_what_could_not_be_installed
from skylift_vertex_snapshots import IMAGE, PARENT
from vertex_cloud import Cloud, main_job, states

from skylift.ledger import keys
from skylift.store.location import open_store
from skylift_contract.enums import ExecutionStatus as Status
from skylift_testkit.emulator.fault_script import Failure, Fault
from skylift_vertex.emulator import VertexEmulator

pytestmark = pytest.mark.slow

STORE = "gs://shows/runs"
FLAKY = """
from skylift import StepRetryConfig, get_step_context, pipeline, step


@step(retry=StepRetryConfig(max_retries=1))
def flaky() -> int:
    if get_step_context().attempt == 1:
        raise ValueError("once")
    return 1


@step
def use(value: int) -> None: ...


@pipeline
def trying() -> None:
    use(flaky())
"""
QUOTA = (
    "The following quota metrics exceed quota limits: aiplatform.googleapis.com/custom_model_training_cpus"
)


@pytest.fixture
def endpoint() -> str:
    """Of nobody, where an emulator is the command's own."""
    return "http://127.0.0.1:9"


@pytest.fixture
def project(tmp_path: Path, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    named = ["--project=my-project", "--location=europe-west4", f"--image={IMAGE}"]
    over = [f"--api_endpoint={endpoint}", "--api_transport=rest", "--poll_s=0.1"]
    return registered(tmp_path, monkeypatch, "vertex", STORE, *named, *over)


@pytest.fixture
def substitutes() -> bool:
    return True


class TestBesideAnEmulator:
    @pytest.fixture
    def emulator(self, substitutes: bool, monkeypatch: pytest.MonkeyPatch) -> Iterator[VertexEmulator]:
        with VertexEmulator(grace_s=0.5, is_substituting=substitutes, buckets=("shows",)) as made:
            for name, value in made.variables().items():
                monkeypatch.setenv(name, value)
            yield made

    @pytest.fixture
    def endpoint(self, emulator: VertexEmulator) -> str:
        return emulator.endpoint

    def test_a_schedule_that_fires_twice_is_two_runs(self, project: Path, emulator: VertexEmulator) -> None:
        skylift(project, "run", "flow.py:nightly", "--no-cache")
        check_two_firings(emulator, STORE)

    @pytest.mark.parametrize("substitutes", [False])
    def test_steps_refuse_to_start_where_nothing_is_substituted(
        self, project: Path, emulator: VertexEmulator
    ) -> None:
        """What stands in the document for the job's id is no id."""
        skylift(project, "run", "flow.py:sums", "--no-cache", code=1)
        cloud = Cloud(emulator)
        (listed,) = cloud.listed("Pipeline", "list_pipeline_jobs")
        job = cloud.call("Pipeline", "get_pipeline_job", name=listed["name"])
        assert states(job) == {"load": "FAILED", "total": "NOT_TRIGGERED"}
        printed = " ".join(cloud.printed(main_job(job, "load")))
        assert (
            "environment variable SKYLIFT_VERTEX_PIPELINE_JOB of backend 'vertex': the orchestrator run ID still"
        ) in printed
        assert not any(key.endswith("start.json") for key in open_store(STORE).list(keys.RUNS))

    def test_a_start_whose_answer_is_lost_makes_one_job(
        self, project: Path, emulator: VertexEmulator
    ) -> None:
        emulator.tell(Fault(Failure.LOST_ANSWER, frozenset({"CreatePipelineJob"})))
        skylift(project, "run", "flow.py:sums", "--no-cache")
        (name,) = emulator.executions()
        assert only_run(STORE).orchestrator_run_id == name
        assert only_run(STORE).steps["total"].outputs["output"].load() == 42

    def test_a_dynamic_start_whose_answer_is_lost_makes_one_job(
        self, project: Path, emulator: VertexEmulator
    ) -> None:
        emulator.tell(Fault(Failure.LOST_ANSWER, frozenset({"CreateCustomJob"})))
        skylift(project, "run", "flow.py:found", "--no-cache")
        (job,) = Cloud(emulator).listed("Job", "list_custom_jobs")
        assert only_run(STORE).orchestrator_run_id == f"{PARENT}/{job['name'].rpartition('/')[2]}"
        assert only_run(STORE).status is Status.COMPLETED

    def test_a_step_that_is_started_twice_publishes_once(
        self, project: Path, emulator: VertexEmulator
    ) -> None:
        emulator.tell(Fault(Failure.TWICE, frozenset({"load"})))
        skylift(project, "run", "flow.py:sums", "--no-cache")
        run = only_run(STORE)
        assert run.status is Status.COMPLETED
        assert run.steps["total"].outputs["output"].load() == 42
        folder = keys.step_folder(str(run.id), "load")
        written = Counter(key.rpartition("/")[2] for key in open_store(STORE).list(folder))
        assert written == {"start.json": 2, "result.json": 1, "end-duplicate.json": 1}

    def test_a_run_and_its_steps_are_described_with_their_pages(
        self, project: Path, emulator: VertexEmulator
    ) -> None:
        found = check_places(project)
        assert [found["orchestrator_run_id"]] == emulator.executions()
        (job,) = Cloud(emulator).listed("Pipeline", "list_pipeline_jobs")
        pages = "https://console.cloud.google.com/vertex-ai"
        assert found["links"]["backend"].startswith(f"{pages}/pipelines/locations/europe-west4/runs/")
        for step in found["steps"]:
            ran = main_job(
                Cloud(emulator).call("Pipeline", "get_pipeline_job", name=job["name"]), step["step"]
            )
            number = ran.rpartition("/")[2]
            assert step["job"].rpartition("/")[2] == number
            assert step["links"]["backend"].startswith(f"{pages}/locations/europe-west4/training/{number}?")

    def test_why_has_what_the_service_says_of_a_step_that_was_killed(
        self, project: Path, emulator: VertexEmulator
    ) -> None:
        check_a_kill(
            project,
            "The replica workerpool0-0 exited with a non-zero status of 137. "
            "To find out more about why your job exited please check the logs.",
        )

    def test_a_quota_is_one_sentence(self, project: Path, emulator: VertexEmulator) -> None:
        emulator.tell(Fault(Failure.QUOTA, frozenset({"CreatePipelineJob"})))
        told = skylift(project, "run", "flow.py:sums", "--no-cache", code=1).stderr
        assert told.splitlines()[-1] == f"error: aiplatform:create_pipeline_job: {QUOTA} [429]."
        assert emulator.executions() == []

    def test_steps_install_what_they_ask_for_when_they_start(
        self, project: Path, emulator: VertexEmulator
    ) -> None:
        check_installs(project, "vertex", STORE)

    def test_a_step_that_cannot_be_set_up_is_heard_of(self, project: Path, emulator: VertexEmulator) -> None:
        check_what_could_not_be_installed(project, "vertex")

    def test_a_step_that_is_tried_again_has_not_failed(self, project: Path, emulator: VertexEmulator) -> None:
        """What waits for it is not told to be skipped meanwhile."""
        (project / "flaky.py").write_text(FLAKY)
        told = skylift(project, "run", "flaky.py", "--no-cache").stderr.splitlines()
        assert not [line for line in told if "failed: " in line or "skipped" in line]
        assert [line for line in told if line.startswith("flaky: completed ") and "(attempt 2)" in line]

    def test_what_a_step_prints_is_read_from_its_log(self, project: Path, emulator: VertexEmulator) -> None:
        (project / "talk.py").write_text(
            "from skylift import pipeline, step\n\n@step\ndef talk() -> None:\n    print('it talks')\n\n"
            "@pipeline\ndef talking() -> None:\n    talk()\n"
        )
        skylift(project, "run", "talk.py:talking", "--no-cache")
        assert "it talks" in skylift(project, "runs", "logs", "last").stdout


def test_the_example_runs_unchanged_with_emulate(project: Path, tmp_path: Path) -> None:
    """There is no bucket, and no Google: its store is on this machine."""
    done = skylift(project, "run", "pipeline.py:digits", "--emulate", "--no-cache", "--param", "trees=10")
    assert "vertex is emulated on this machine, which nothing leaves" in " ".join(done.stderr.split())
    check_digits(only_run(f"file://{tmp_path}/data/skylift/emulated"), "vertex")


def test_an_emulated_run_is_known_without_its_emulator(project: Path, tmp_path: Path) -> None:
    check_emulated_runs_are_known(project, f"file://{tmp_path}/data/skylift/emulated")


class TestApart:
    """An emulator that somebody started, with a bucket; this process knows its variables, and no more."""

    @pytest.fixture
    def endpoint(self, monkeypatch: pytest.MonkeyPatch) -> Generator[str]:
        with served(monkeypatch, "skylift_vertex.emulator", "shows"):
            yield os.environ["VERTEX_ENDPOINT"]

    def test_runs_have_their_store_in_gcs(self, project: Path) -> None:
        skylift(project, "stack", "validate", "cloud")
        skylift(project, "run", "flow.py:sums", "--no-cache")
        assert only_run(STORE).status is Status.COMPLETED
        assert only_run(STORE).steps["total"].outputs["output"].load() == 42


def test_a_listing_imports_no_google_package(project: Path) -> None:
    program = (
        "import sys\nfrom skylift.cli import main\ncodes = [main(line.split()) for line in ("
        "'orchestrator flavor list', 'orchestrator flavor describe vertex', 'orchestrator list', 'stack list')]\n"
        "theirs = ('google.auth', 'google.api_core', 'google.cloud.aiplatform_v1', 'google.protobuf', 'grpc')\n"
        "print(codes, [name for name in theirs if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=project, capture_output=True, text=True, check=True
    )
    assert "vertex" in done.stdout
    assert done.stdout.splitlines()[-1] == "[0, 0, 0, 0] []"
