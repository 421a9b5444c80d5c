from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift_contract.errors import RunIdError
from skylift_contract.run_id import (
    PLACEHOLDERS,
    RUN_ID_ENV,
    RUN_ID_LIMIT,
    RUN_OWNER_ENV,
    SKYLIFT_RUNS,
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

ids = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=120)


def find(*sources: Any, environment: dict[str, str] | None = None, dynamic: bool = False, **kw: str) -> str:
    return find_orchestrator_run_id(
        sources, backend="cloud", dynamic=dynamic, environment=environment or {}, arguments=kw
    )


@given(ids, ids, ids)
def test_a_run_id_is_a_pure_function_of_flavor_and_id(flavor: str, one: str, other: str) -> None:
    assert run_id(flavor, one) == uuid5(SKYLIFT_RUNS, f"{flavor}\n{one}")
    assert (run_id(flavor, one) == run_id(flavor, other)) is (one == other)


def test_the_ids_of_runs_are_these_for_ever() -> None:
    """Should one of these change, every store is parted from its runs."""
    run = run_id("local", "own/1")

    assert run == UUID("37e09061-2f81-5bdd-84bd-7e99c62e0474")
    assert sub_run_id(run, "train") == UUID("3cae695e-d7b1-550d-9949-45b0763061dc")
    assert cached_run_id("token") == UUID("96c27bea-b147-597f-b426-1e3c14e0573a")


def test_what_started_the_process_wins() -> None:
    assert find(Env(name="JOB"), environment={RUN_ID_ENV: "owner/1", "JOB": "child"}) == "owner/1"


def test_sources_are_tried_in_their_order(tmp_path: Path) -> None:
    file = JsonFile(path=str(tmp_path / "missing.json"), pointer="/id")

    assert find(file, Argument(name="run"), Env(name="JOB"), run="two", environment={"JOB": "three"}) == "two"
    assert find(file, Argument(name="run"), Env(name="JOB"), environment={"JOB": "three"}) == "three"


@given(ids, ids)
def test_step_and_client_make_the_same_of_an_id(owner: str, raw: str) -> None:
    in_step = find(Env(name="JOB"), environment={"JOB": f" {raw}\n", RUN_OWNER_ENV: owner})

    assert in_step == canonical(raw, owner=owner) == f"{owner}/{raw}"


def test_an_id_per_job_is_of_no_use_in_a_static_pipeline() -> None:
    source = Env(name="JOB", scope="job")
    with pytest.raises(RunIdError) as refused:
        find(source, environment={"JOB": "1"})

    assert str(refused.value) == (
        f"backend 'cloud': no orchestrator run ID: looked in {RUN_ID_ENV} (environment variable JOB: one per job, "
        "so of no use in a static pipeline). Start the step through its orchestrator, which provides it."
    )
    assert find(source, environment={"JOB": "1"}, dynamic=True) == "1"


def test_a_missing_id_says_where_it_was_looked_for() -> None:
    with pytest.raises(RunIdError) as refused:
        find(Env(name="JOB"), Argument(name="run"))

    assert str(refused.value) == (
        f"backend 'cloud': no orchestrator run ID: looked in {RUN_ID_ENV}, environment variable JOB, argument --set run=…. "
        "Start the step through its orchestrator, which provides it."
    )


@pytest.mark.parametrize("mark", PLACEHOLDERS)
@pytest.mark.parametrize("name", ["JOB", RUN_ID_ENV, RUN_OWNER_ENV])
def test_a_placeholder_stops_the_step(mark: str, name: str) -> None:
    environment = {"JOB": "1", name: f"x{mark}run"}
    with pytest.raises(RunIdError, match="still holds a placeholder, so the backend did not substitute it"):
        find(Env(name="JOB"), environment=environment)


@given(st.integers(1, RUN_ID_LIMIT + 10))
def test_an_id_has_a_longest(length: int) -> None:
    if length <= RUN_ID_LIMIT:
        assert checked("x" * length, who="it", backend="cloud") == "x" * length
        return
    with pytest.raises(RunIdError) as refused:
        checked("x" * length, who="it", backend="cloud")
    assert refused.value.value == "x" * length
    assert re.fullmatch(
        rf"it of backend 'cloud': the orchestrator run ID has {length} characters "
        rf"\(got 'x+…x+', limit: {RUN_ID_LIMIT}\)\.",
        str(refused.value),
    )


def test_the_owner_counts_towards_the_limit() -> None:
    with pytest.raises(RunIdError, match="has 251 characters"):
        canonical("x" * 200, owner="o" * 50)


@pytest.mark.parametrize("blank", [" ", "\n"])
def test_a_blank_id_is_said_to_be_empty(blank: str) -> None:
    with pytest.raises(
        RunIdError, match=r"^environment variable JOB of backend 'cloud': the orchestrator run ID is empty"
    ):
        find(Env(name="JOB"), environment={"JOB": blank})


@pytest.mark.parametrize("value", [None, 7, b"x"])
def test_what_a_plugins_code_returns_is_text(value: Any) -> None:
    with pytest.raises(
        RunIdError, match=r"^get of backend 'b': the orchestrator run ID is not text \(|^get of"
    ):
        checked(value, who="get", backend="b")


@given(
    st.recursive(ids | st.integers(0, 10**6), lambda x: st.lists(x, min_size=1, max_size=3), max_leaves=5),
    ids,
)
def test_a_pointer_finds_what_it_points_to(tree: Any, key: str) -> None:
    from tempfile import NamedTemporaryFile

    path, node = [key, "a/b~c"], tree
    while isinstance(node, list):
        path, node = [*path, "0"], node[0]  # pyright: ignore[reportUnknownVariableType]
    pointer = "".join("/" + token.replace("~", "~0").replace("/", "~1") for token in path)
    with NamedTemporaryFile("w") as file:
        json.dump({key: {"a/b~c": tree}}, file)
        file.flush()

        assert find(JsonFile(path=file.name, pointer=pointer)) == str(node)  # pyright: ignore[reportUnknownArgumentType]


@pytest.mark.parametrize(
    "content", ['{"id": null}', '{"id": true}', '{"id": {}}', '{"id": [1]}', "{}", "no", '"t"', "[]"]
)
def test_a_file_without_an_id_stops_the_step(tmp_path: Path, content: str) -> None:
    file = tmp_path / "job.json"
    file.write_text(content)

    with pytest.raises(
        RunIdError, match=r"^.*job.json#/id: the file the backend provides does not hold a run ID"
    ):
        find(JsonFile(path=str(file), pointer="/id"))
