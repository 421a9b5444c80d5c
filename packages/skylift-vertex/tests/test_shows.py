"""What the flavor is for, from one end to the other: people's commands, Google's SDK, a store in GCS, jobs that run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Generator, Iterator
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from runpy import run_path

import numpy as np
import pytest
from skylift_vertex_snapshots import IMAGE, PARENT
from vertex_cloud import Cloud, main_job, states

from skylift.cli import main
from skylift.client import Client
from skylift.ledger import keys
from skylift.models import PipelineRun
from skylift.store.location import open_store
from skylift_contract.enums import ExecutionStatus as Status
from skylift_testkit.emulator.fault_script import Failure, Fault
from skylift_vertex.emulator import VertexEmulator

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parents[3] / "examples" / "digits"
STORE = "gs://shows/runs"
PATIENCE_S = 50
QUOTA = (
    "The following quota metrics exceed quota limits: aiplatform.googleapis.com/custom_model_training_cpus"
)
FLOW = """
from skylift import Schedule, pipeline, step


@step
def load() -> list[int]:
    return [1, 2, 39]


@step
def total(values: list[int]) -> int:
    return sum(values)


@pipeline
def sums() -> None:
    total(load())


@pipeline(dynamic=True)
def found() -> None:
    total(load().load())


@pipeline(schedule=Schedule(cron_expression="0 2 * * *"))
def nightly() -> None:
    total(load())
"""


def skylift(folder: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Call a command in a process of its own."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("skylift")), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.fixture
def endpoint() -> str:
    """Of nobody, where an emulator is the command's own."""
    return "http://127.0.0.1:9"


@pytest.fixture
def project(tmp_path: Path, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the example, with the stack `google` as people register it, and a second file of pipelines."""
    folder = tmp_path / "project"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "flow.py").write_text(FLOW)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    over = [f"--api_endpoint={endpoint}", "--api_transport=rest", "--poll_s=0.1"]
    named = ["--project=my-project", "--location=europe-west4", f"--image={IMAGE}"]
    for line in (
        ["orchestrator", "register", "vertex", "--flavor=vertex", *named],
        ["orchestrator", "update", "vertex", *over],
        ["artifact-store", "register", "bucket", f"--uri={STORE}"],
        ["stack", "register", "google", "-o", "vertex", "-a", "bucket"],
        ["stack", "set", "google"],
    ):
        assert main(line) == 0
    return folder


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
        assert emulator.executions() == []
        now = datetime.now(UTC)
        midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        emulator.turn_clock(midnight)  # past two o'clock of today, where that was yet to come
        before = emulator.executions()
        emulator.turn_clock(midnight + timedelta(days=2))
        names = [name for name in emulator.executions() if name not in before]
        assert len(names) == 2
        fired = {run.orchestrator_run_id: run for run in Client(STORE).runs()}
        runs = [fired[name] for name in names]
        assert len({run.id for run in runs}) == 2
        assert [run.status for run in runs] == [Status.COMPLETED] * 2
        assert [run.steps["total"].outputs["output"].load() for run in runs] == [42, 42]

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
        assert only_run().orchestrator_run_id == name
        assert only_run().steps["total"].outputs["output"].load() == 42

    def test_a_dynamic_start_whose_answer_is_lost_makes_one_job(
        self, project: Path, emulator: VertexEmulator
    ) -> None:
        emulator.tell(Fault(Failure.LOST_ANSWER, frozenset({"CreateCustomJob"})))
        skylift(project, "run", "flow.py:found", "--no-cache")
        (job,) = Cloud(emulator).listed("Job", "list_custom_jobs")
        assert only_run().orchestrator_run_id == f"{PARENT}/{job['name'].rpartition('/')[2]}"
        assert only_run().status is Status.COMPLETED

    def test_a_step_that_is_started_twice_publishes_once(
        self, project: Path, emulator: VertexEmulator
    ) -> None:
        emulator.tell(Fault(Failure.TWICE, frozenset({"load"})))
        skylift(project, "run", "flow.py:sums", "--no-cache")
        run = only_run()
        assert run.status is Status.COMPLETED
        assert run.steps["total"].outputs["output"].load() == 42
        folder = keys.step_folder(str(run.id), "load")
        written = Counter(key.rpartition("/")[2] for key in open_store(STORE).list(folder))
        assert written == {"start.json": 2, "result.json": 1, "end-duplicate.json": 1}

    def test_a_quota_is_one_sentence(self, project: Path, emulator: VertexEmulator) -> None:
        emulator.tell(Fault(Failure.QUOTA, frozenset({"CreatePipelineJob"})))
        told = skylift(project, "run", "flow.py:sums", "--no-cache", code=1).stderr
        assert told.splitlines()[-1] == f"error: aiplatform:create_pipeline_job: {QUOTA} [429]."
        assert emulator.executions() == []

    def test_what_a_step_prints_is_read_from_its_log(self, project: Path, emulator: VertexEmulator) -> None:
        (project / "talk.py").write_text(
            "from skylift import pipeline, step\n\n@step\ndef talk() -> None:\n    print('it talks')\n\n"
            "@pipeline\ndef talking() -> None:\n    talk()\n"
        )
        skylift(project, "run", "talk.py:talking", "--no-cache")
        assert "it talks" in skylift(project, "runs", "logs", "last").stdout


def only_run(store: str = STORE) -> PipelineRun:
    (run,) = Client(store).runs()
    return run


def check_digits(run: PipelineRun) -> None:
    """What its own functions come to in this process: the same data, and a model that predicts the same."""
    assert (run.status, run.flavor) == (Status.COMPLETED, "vertex")
    assert run.steps["draw"].outputs["confusion"].load().read_bytes().startswith(b"\x89PNG")
    example = run_path(str(EXAMPLE / "pipeline.py"))
    images, labels = example["load"].entrypoint()
    parts = example["split"].entrypoint(images, labels, 0.25, 0)
    for name, part in zip(("train_images", "test_images", "train_labels", "test_labels"), parts, strict=True):
        assert np.array_equal(run.steps["split"].outputs[name].load(), part)
    model = example["train_forest"].entrypoint(parts[0], parts[2], 10, 0)
    made = run.steps["train_forest"].outputs["model"].load()
    assert np.array_equal(made.predict(images), model.predict(images))
    scores = run.steps["choose"].outputs["scores"].load()
    assert scores["RandomForestClassifier"] == model.score(parts[1], parts[3])


def test_the_example_runs_unchanged_with_emulate(project: Path, tmp_path: Path) -> None:
    """There is no bucket, and no Google: its store is on this machine."""
    done = skylift(project, "run", "pipeline.py:digits", "--emulate", "--no-cache", "--param", "trees=10")
    assert "vertex is emulated on this machine, which nothing leaves" in " ".join(done.stderr.split())
    check_digits(only_run(f"file://{tmp_path}/data/skylift/emulated"))


class TestApart:
    """An emulator that somebody started, with a bucket; this process knows its variables, and no more."""

    @pytest.fixture
    def endpoint(self, monkeypatch: pytest.MonkeyPatch) -> Generator[str]:
        argv = [sys.executable, "-m", "skylift_vertex.emulator", "shows"]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in takewhile(lambda line: line != "\n", process.stdout):
                monkeypatch.setenv(*line.removeprefix("export ").rstrip("\n").split("=", 1))
            yield os.environ["VERTEX_ENDPOINT"]
            process.terminate()

    def test_runs_have_their_store_in_gcs(self, project: Path) -> None:
        skylift(project, "stack", "validate", "google")
        skylift(project, "run", "flow.py:sums", "--no-cache")
        assert only_run().status is Status.COMPLETED
        assert only_run().steps["total"].outputs["output"].load() == 42


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
