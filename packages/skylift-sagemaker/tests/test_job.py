from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from skylift_sagemaker_snapshots import definition, documents, making, snapshot_of, step

from skylift_contract.errors import ConfigurationError, LimitExceeded
from skylift_contract.snapshot import PipelineSnapshot
from skylift_sagemaker.compile import compile_pipeline
from skylift_sagemaker.job import tags_of


def test_a_hundred_and_one_variables_are_refused(snapshot: PipelineSnapshot) -> None:
    variables = {f"V{n}": "" for n in range(98)}  # with the store's, the submission's and the run's: 101
    expected = (
        r"^step 'load', environment variables: it is over the limit \(got 101, limit: at most 100 entries\)"
    )
    with pytest.raises(LimitExceeded, match=expected):
        documents(snapshot, {"load": variables})


def test_a_training_job_takes_longer_values(snapshot: PipelineSnapshot) -> None:
    environments = {"load": {"A": "x" * 300}}
    documents(snapshot, environments, job_type="training")
    with pytest.raises(LimitExceeded, match=r"^step 'load', variable 'A': it is over the limit \(got 300, "):
        documents(snapshot, environments)


def test_a_timeout_beyond_its_job_is_refused() -> None:
    slow = snapshot_of(step("train", timeout=timedelta(hours=30)))
    expected = r"^step 'train': its job is ended before its own timeout \(got '1 day, 6:00:00', limit: 86400 seconds\)"
    with pytest.raises(ConfigurationError, match=expected):
        definition(slow)
    assert definition(slow, max_runtime_s=200_000)


def test_a_training_job_without_a_bucket_is_refused(snapshot: PipelineSnapshot) -> None:
    without = replace(making(snapshot, job_type="training"), bucket="")
    expected = (
        r"^SagemakerOrchestratorConfig\.bucket: a training job needs a bucket for its output\. Name one: "
    )
    with pytest.raises(ConfigurationError, match=expected):
        compile_pipeline(snapshot, without, {}, {})


@given(st.text(min_size=1, max_size=400))
def test_tags_are_taken_whatever_the_store_is_called(store: str) -> None:
    snapshot = snapshot_of(step("load"))
    tags = tags_of(snapshot, replace(making(snapshot), store=store))
    assert tags["skylift:project"] == "tests"
    assert len(tags["skylift:store"]) <= 256
