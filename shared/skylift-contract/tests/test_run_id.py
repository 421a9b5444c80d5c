from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift_contract.errors import RunIdError
from skylift_contract.run_id import (
    RUN_ID_ENV,
    RUN_ID_LIMIT,
    RUN_OWNER_ENV,
    Argument,
    Env,
    JsonFile,
    cached_run_id,
    canonical,
    checked,
    find_orchestrator_run_id,
    run_id,
    sub_run_id,
)

if TYPE_CHECKING:
    from pathlib import Path

IDS = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="{$"),
    min_size=1,
    max_size=RUN_ID_LIMIT,
)


def find(*sources: Any, dynamic: bool = False, **given_: Any) -> str:
    options: dict[str, Any] = {"environment": dict[str, str](), **given_}
    return find_orchestrator_run_id(sources, backend="b", dynamic=dynamic, **options)


def test_the_id_of_a_run_never_changes() -> None:
    """Should this fail, every store written before would lose its runs."""
    assert run_id("sagemaker", "arn:aws:x") == UUID("5378ebed-2aef-53bf-b95c-5fbfb417c5bc")


@given(st.lists(st.tuples(st.sampled_from(["a", "ab", "local"]), IDS), unique=True, max_size=20))
def test_other_flavors_and_ids_are_other_runs(pairs: list[tuple[str, str]]) -> None:
    assert len({run_id(flavor, one) for flavor, one in pairs}) == len(pairs)


def test_sub_runs_and_cached_runs_are_runs_of_their_own() -> None:
    parent = run_id("local", "x")
    assert len({parent, sub_run_id(parent, "a"), sub_run_id(parent, "b"), cached_run_id("x")}) == 4


def test_sources_are_read_in_their_order() -> None:
    sources = Env(name="FIRST"), Argument(name="second")
    assert find(*sources, environment={"FIRST": " a "}, arguments={"second": "b"}) == "a"
    assert find(*sources, arguments={"second": "b"}) == "b"


def test_what_is_set_on_what_a_run_starts_wins_and_is_canonical_already() -> None:
    environment = {RUN_ID_ENV: "owner/x", "RUN": "child", RUN_OWNER_ENV: "owner"}
    assert find(Env(name="RUN"), environment=environment) == "owner/x"


@given(IDS.filter(lambda text: len(text) < 100), IDS.filter(lambda text: len(text) < 100))
def test_client_and_step_arrive_at_the_same(owner: str, raw: str) -> None:
    assert find(Env(name="RUN"), environment={"RUN": raw, RUN_OWNER_ENV: owner}) == canonical(
        raw, owner=owner
    )


def test_a_json_file(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"a/b": [{"~": 7}]}))
    source = JsonFile(path=str(path), pointer="/a~1b/0/~0")
    assert find(source) == "7"
    assert (
        find(JsonFile(path=str(tmp_path / "none"), pointer="/x"), Env(name="E"), environment={"E": "y"})
        == "y"
    )


@pytest.mark.parametrize("content", ["no json", "[]", "{}", '{"a": 1}'])
def test_a_json_file_without_it_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(content)
    with pytest.raises(
        RunIdError, match=r"config\.json#/a/b: the file the backend provides does not hold a run ID"
    ):
        find(JsonFile(path=str(path), pointer="/a/b"))


def test_one_per_job_is_read_in_a_dynamic_pipeline_only() -> None:
    source = Env(name="JOB", scope="job")
    assert find(source, dynamic=True, environment={"JOB": "j"}) == "j"
    with pytest.raises(
        RunIdError,
        match=r"^backend 'b': no orchestrator run ID: looked in SKYLIFT_ORCHESTRATOR_RUN_ID "
        r"\(environment variable JOB: one per job, so of no use in a static pipeline\)\. Start the step",
    ):
        find(source, environment={"JOB": "j"})


@pytest.mark.parametrize("value", ["{{job.run_id}}", "$(RUN)", "${RUN}", "x{{$.pipeline_job_uuid}}"])
def test_a_placeholder_is_refused_with_the_variable_and_the_backend(value: str) -> None:
    with pytest.raises(
        RunIdError,
        match=r"^environment variable RUN of backend 'b': the orchestrator run ID still holds a placeholder",
    ):
        find(Env(name="RUN"), environment={"RUN": value})


@pytest.mark.parametrize("owner", ["", "o" * 100])
def test_too_long_is_refused(owner: str) -> None:
    raw = "x" * (RUN_ID_LIMIT + 1 - len(owner) - bool(owner))
    with pytest.raises(RunIdError, match=r"the orchestrator run ID has 251 characters .*limit: 250\)"):
        canonical(raw, owner=owner)
    assert len(canonical(raw[1:], owner=owner)) == RUN_ID_LIMIT


@pytest.mark.parametrize("value", ["", "  ", "\n"])
def test_empty_is_refused(value: str) -> None:
    with pytest.raises(RunIdError, match="is empty"):
        checked(value, who="x", backend="b")


@given(st.one_of(st.builds(Env, name=st.text()), st.builds(JsonFile, path=st.text(), pointer=st.text())))
def test_sources_are_data(source: Env | JsonFile) -> None:
    assert type(source).model_validate_json(source.model_dump_json()) == source
