from __future__ import annotations

import os
from typing import Any

import pytest

from skylift_docker.moment import Moment, with_access
from skylift_docker.resources import Engine

CONTAINER: dict[str, Any] = {
    "after": [],
    "create": {
        "user": None,
        "image": "own:1",
        "command": ["python"],
        "environment": {"A": "step", "AWS_REGION": "own"},
        "labels": {"skylift.pipeline": "daily", "skylift.invocation": "train"},
    },
    "pass_environment": ["PASSWORD", "MISSING"],
}


def moment(**fields: Any) -> Moment:
    given: dict[str, Any] = {
        "run_id": "3f9ad2c1-0b1f-5d1e-9c39-6f2f8f1f0a11",
        "orchestrator_run_id": "own/1",
        "submission": "submission-1",
        "store": "file:///x",
        "engine": Engine(2, 10**9),
        "variables": {"AWS_REGION": "lent", "AWS_ACCESS_KEY_ID": "key"},
        "mounts": [{"Source": "/x", "Target": "/x"}],
        **fields,
    }
    return Moment(**given)


@pytest.fixture(autouse=True)
def somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    monkeypatch.setattr(os, "getgid", lambda: 100)
    monkeypatch.setenv("PASSWORD", "hidden")
    monkeypatch.delenv("MISSING", raising=False)


def test_a_container_is_given_what_only_the_moment_knows() -> None:
    assert moment().arguments(CONTAINER, 2) == {
        "user": "1000:100",
        "image": "own:1",
        "command": ["python"],
        "environment": {
            "HOME": "/tmp",
            "USER": "skylift",
            "AWS_REGION": "own",
            "AWS_ACCESS_KEY_ID": "key",
            "A": "step",
            "PASSWORD": "hidden",
            "SKYLIFT_STORE": "file:///x",
            "SKYLIFT_ORCHESTRATOR_RUN_ID": "own/1",
        },
        "labels": {
            "skylift.pipeline": "daily",
            "skylift.invocation": "train",
            "skylift.run": "3f9ad2c1-0b1f-5d1e-9c39-6f2f8f1f0a11",
            "skylift.orchestrator-run-id": "own/1",
            "skylift.store": "file:///x",
            "skylift.submission": "submission-1",
            "skylift.attempt": "2",
        },
        "mounts": [{"Source": "/x", "Target": "/x"}],
    }


def test_the_compiled_container_is_left_as_it_is() -> None:
    before = repr(CONTAINER)
    with_access(CONTAINER, {"environment": {"DOCKER_HOST": "x"}, "mounts": [1], "group_add": ["2"]})
    moment().arguments(CONTAINER, 1)
    assert repr(CONTAINER) == before


def test_of_a_rootless_engine_root_is_whoever_submits() -> None:
    found = moment(engine=Engine(2, 10**9, is_rootless=True)).arguments(CONTAINER, 1)
    assert found["user"] == "0:0"
    assert "HOME" not in found["environment"]


def test_a_user_that_was_named_has_a_home_of_its_own() -> None:
    named = {**CONTAINER, "create": {**CONTAINER["create"], "user": "app"}}
    found = moment().arguments(named, 1)
    assert found["user"] == "app"
    assert "HOME" not in found["environment"]


def test_access_is_added_to_what_is_there() -> None:
    has = {**CONTAINER, "create": {**CONTAINER["create"], "mounts": ["own"], "group_add": ["1"]}}
    access = {"environment": {"DOCKER_HOST": "unix:///s"}, "mounts": ["socket"], "group_add": ["999"]}
    create = with_access(has, access)["create"]
    assert (create["mounts"], create["group_add"]) == (["own", "socket"], ["1", "999"])
    assert create["environment"]["DOCKER_HOST"] == "unix:///s"


def test_what_people_mount_is_not_mounted_a_second_time() -> None:
    own = {"Source": "/mine", "Target": "/x"}
    has = {**CONTAINER, "create": {**CONTAINER["create"], "mounts": [own]}}
    lent = [{"Source": "/x", "Target": "/x"}, {"Source": "/y", "Target": "/y"}]
    assert moment(mounts=lent).arguments(has, 1)["mounts"] == [own, lent[1]]


@pytest.mark.parametrize(
    ("has_init", "asked", "expected"),
    [
        (True, {}, True),
        (False, {}, None),
        (True, {"init": False}, False),
        (False, {"init": True}, True),
        (True, {"pid_mode": "host"}, None),
    ],
)
def test_an_engines_init_is_used_unless_it_is_told_otherwise(
    has_init: bool, asked: dict[str, object], expected: bool | None
) -> None:
    container = {**CONTAINER, "create": {**CONTAINER["create"], **asked}}
    found = moment(engine=Engine(2, 10**9, has_init=has_init)).arguments(container, 1)
    assert found.get("init") is expected
