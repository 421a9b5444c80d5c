from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift_contract.errors import ConfigurationError
from skylift_vertex.paths import Path, last

PARENT = "projects/my-project/locations/us-central1"
PART = st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True)


@given(PART, PART, st.sampled_from(["pipelineJobs", "customJobs", "schedules"]), PART)
def test_a_name_is_read_as_it_is_written(project: str, location: str, kind: str, job: str) -> None:
    path = Path(project, location, kind, job)
    assert Path.parse(str(path)) == path


@pytest.mark.parametrize(
    ("run", "name", "page"),
    [
        ("skylift-0a", "pipelineJobs/skylift-0a", "pipelines/locations/us-central1/runs/skylift-0a"),
        ("1st-2026", "pipelineJobs/1st-2026", "pipelines/locations/us-central1/runs/1st-2026"),
        ("4711", "customJobs/4711", "locations/us-central1/training/4711"),
    ],
)
def test_a_run_is_a_pipelines_job_or_a_custom_one(run: str, name: str, page: str) -> None:
    path = Path.of_run(f"{PARENT}/{run}")
    assert str(path) == f"{PARENT}/{name}"
    assert path.console == f"https://console.cloud.google.com/vertex-ai/{page}?project=my-project"
    assert path.is_pipeline == name.startswith("pipelineJobs")


@pytest.mark.parametrize("text", ["", "skylift-0a", f"{PARENT}", f"{PARENT}/pipelineJobs/a/b"])
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^name: it is no name of something at Vertex AI \(got "):
        Path.parse(text)


def test_another_runs_id_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"^run: it is no id of a run on Vertex AI \(got 'arn:aws"):
        Path.of_run("arn:aws:sagemaker")


def test_a_project_by_its_number_is_the_same() -> None:
    assert last("projects/123/locations/us-central1/pipelineJobs/a") == "a"
