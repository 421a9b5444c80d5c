"""What no engine could do is told without one: all of it, with what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from skylift_docker_snapshots import snapshot, step

from skylift_contract.errors import ConfigurationError
from skylift_contract.resource_settings import ResourceSettings
from skylift_docker.config import DockerOrchestratorConfig
from skylift_docker.preflight import check_settings
from skylift_docker.settings_checks import asked_by, unusable

STORE = "file:///data/my%20store"
NO_OPTIONS = DockerOrchestratorConfig()


def said(config: DockerOrchestratorConfig = NO_OPTIONS, **own: Any) -> list[str]:
    made = snapshot(step("a", settings={"orchestrator.local_docker": own}))
    return [str(wrong) for asked in asked_by(made) for wrong in unusable(asked, config, STORE)]


@pytest.mark.parametrize("user", ["1:2:3", "", "bob:", ":5", "bob smith"])
def test_who_can_be_nobody(user: str) -> None:
    if user:
        assert said(user=user) == [
            f'step \'a\', user: it is no user (got {user!r}). Write "USER" or "USER:GROUP", by numbers or by names.'
        ]
    with pytest.raises(ConfigurationError, match=r"^DockerOrchestratorConfig\.user: "):
        DockerOrchestratorConfig.parse({"user": user})


@pytest.mark.parametrize("user", ["1000", "1000:1000", "bob", "bob:staff"])
def test_who_can_be_somebody(user: str) -> None:
    assert said(user=user) == []
    assert DockerOrchestratorConfig.parse({"user": user}).user == user


NO_SOURCE = "its source is neither an absolute path nor a volume's name"
NO_TARGET = "its target is not an absolute path"
FROM_ITS_ROOT = "Write where the container is to see it, from its root: '/y/z'."
STORES_FOLDER = "it would hide what Skylift has at '/data/my store'"
ANOTHER = "Choose another target; the store's own folder is mounted without being asked for."


@pytest.mark.parametrize(
    ("mount", "what", "value", "fix"),
    [
        ("./x:/x", NO_SOURCE, "./x", f"Write the whole path: {str(Path.cwd() / 'x')!r}."),
        ("~/x:/x", NO_SOURCE, "~/x", f"Write the whole path: {str(Path.home() / 'x')!r}."),
        ("/x:y/z", NO_TARGET, "y/z", FROM_ITS_ROOT),
        ("/x:/", "it would hide all that is in the image", "/", "Choose a folder."),
        ("/x:/data/my store/runs", STORES_FOLDER, "/data/my store/runs", ANOTHER),
        ("/x:/data/my store", STORES_FOLDER, "/data/my store", ANOTHER),
    ],
)
def test_a_mount_that_cannot_be(mount: str, what: str, value: str, fix: str) -> None:
    assert said(mounts=[mount]) == [f"step 'a', mounts: {what} (got {value!r}). {fix}"]


def test_a_mount_over_a_folder_in_memory() -> None:
    (sentence,) = said(mounts=["/x:/y"], run_args={"tmpfs": {"/y/": ""}})
    assert sentence == "step 'a', mounts: its target is another's, too (got '/y'). Leave one of them out."


def test_what_lies_around_the_stores_folder_may_be_mounted() -> None:
    assert said(mounts=["/data:/data", "cache:/cache"]) == []


def test_the_folders_of_containers_that_set_themselves_up() -> None:
    config = DockerOrchestratorConfig.parse({"setup": "start", "index": "/wheels"})
    mounts = ["/x:/skylift-environments/0", "/x:/wheels"]
    hidden = [one.partition(" (got")[0].rpartition(" at ")[2] for one in said(config, mounts=mounts)]
    assert hidden == ["'/skylift-environments'", "'/wheels'"]
    assert said(mounts=mounts) == []


_PATHS = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))


@given(st.lists(st.tuples(_PATHS, st.sampled_from(["", "/", "/."])), max_size=6))
def test_each_target_but_the_first_of_its_name_is_refused(targets: list[tuple[str, str]]) -> None:
    found = said(mounts=[f"/x:{path}{end}" for path, end in targets])
    assert len(found) == len(targets) - len({path for path, _ in targets})
    assert all("its target is another's, too" in one for one in found)


def test_all_steps_are_told_of_at_once() -> None:
    wrong = {"orchestrator.local_docker": {"user": "1:2:3", "mounts": ["x/y:/z"]}}
    few = ResourceSettings(memory="1MB")
    made = snapshot(step("a", settings=wrong), step("b", resource_settings=few))
    with pytest.raises(ConfigurationError) as caught:
        check_settings(made, NO_OPTIONS, STORE)
    first, *reasons = str(caught.value).splitlines()
    assert first == "flavor 'local_docker': it cannot run this pipeline, for 3 reasons:"
    assert [one.partition(":")[0] for one in reasons] == [
        "- step 'a', user",
        "- step 'a', mounts",
        "- step 'b', memory",
    ]
