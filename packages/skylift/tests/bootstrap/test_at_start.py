from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from skylift_tests_support.index import served
from skylift_tests_support.runs import make_snapshot, make_step
from skylift_tests_support.wheels import make_wheel

from skylift.bootstrap.at_start import AtStart, check_index
from skylift_contract.errors import ConfigurationError
from skylift_contract.settings import DockerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from skylift_contract.snapshot import PipelineSnapshot

COMMAND = ["python", "-m", "skylift.runtime"]


def snapshot_of(
    dynamic: bool = False, root: DockerSettings | None = None, **steps: DockerSettings
) -> PipelineSnapshot:
    made = make_snapshot(*(make_step(name, docker_settings=asked) for name, asked in steps.items()))
    asked = {"dynamic": dynamic, "docker_settings": root or DockerSettings()}
    return made.model_copy(
        update={
            "pipeline_configuration": made.pipeline_configuration.model_copy(update=asked),
            "runtime": made.runtime.model_copy(update={"python": "3.11", "skylift": "0.1.0"}),
        }
    )


def at_start(image: str | None = None, index: str | None = None) -> AtStart:
    return AtStart("skylift-own", image, index)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[str]:
    for name, version in (
        ("skylift", "0.1.0"),
        ("skylift-own", "0.3"),
        ("own-top", "1.0"),
        ("own-top", "2.0"),
    ):
        make_wheel(tmp_path, name, version)
    with served(tmp_path) as url:
        yield url


def test_what_is_ready_is_started_as_it_is() -> None:
    snapshot = snapshot_of(a=DockerSettings(image="own:1"), b=DockerSettings())
    assert at_start().command(snapshot, snapshot.step("a"), COMMAND) == COMMAND
    assert at_start("default:1").command(snapshot, snapshot.step("b"), COMMAND) == COMMAND


def test_the_rest_installs_what_it_needs_before_its_command() -> None:
    snapshot = snapshot_of(a=DockerSettings(requirements=("own-top<2",)))
    asked = at_start("default:1", "https://index")
    told = asked.command(snapshot, snapshot.step("a"), COMMAND)[4]
    assert told == (
        '{"cache": "", "index": "https://index", "requirements": ["skylift==0.1.0", "skylift-own", "own-top<2"]}'
    )
    locked = snapshot.model_copy(
        update={"locks": {"linux/amd64\nskylift==0.1.0\nskylift-own\nown-top<2": ("own-top==1.0",)}}
    )
    argv = asked.command(locked, locked.step("a"), COMMAND)
    assert argv[4].endswith('"requirements": ["own-top==1.0"]}')
    assert argv[-len(COMMAND) :] == COMMAND


def test_each_wish_has_one_lock(index: str) -> None:
    old = DockerSettings(requirements=("own-top<2",))
    snapshot = snapshot_of(
        a=old, b=old, c=DockerSettings(requirements=("own-top",)), d=DockerSettings(image="x")
    )
    found = at_start("default:1", index).locks(snapshot)
    assert found.images == {}
    assert list(found.locks.values()) == [
        ("own-top==1.0", "skylift==0.1.0", "skylift-own==0.3"),
        ("own-top==2.0", "skylift==0.1.0", "skylift-own==0.3"),
    ]


def test_of_a_dynamic_pipeline_its_function_has_one_too(index: str) -> None:
    snapshot = snapshot_of(dynamic=True, root=DockerSettings(requirements=("own-top",)))
    (lock,) = at_start("default:1", index).locks(snapshot).locks.values()
    assert lock[0] == "own-top==2.0"
    assert at_start("default:1", index).locks(snapshot_of(dynamic=True)).locks == {}


def test_where_an_index_is_named_is_said(index: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        at_start("default:1", index).locks(snapshot_of(a=DockerSettings(requirements=("none-such",))))
    assert str(caught.value).endswith(
        "(got 'skylift==0.1.0, skylift-own, none-such'). Loosen yours, or name an index that has them: "
        "skylift orchestrator update NAME --index=https://…"
    )


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ({"apt_packages": ("libgomp1", "git")}, "libgomp1, git"),
        ({"dockerfile": "Dockerfile"}, "Dockerfile"),
        ({"dockerfile": "Dockerfile", "build_context": "."}, "Dockerfile"),
    ],
)
def test_what_would_have_to_be_built_is_refused(asked: dict[str, Any], shown: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        at_start("default:1").check(DockerSettings(**asked), "step 'a'", push="ECR")
    assert str(caught.value) == (
        "step 'a', DockerSettings: it needs an image that is built, and none is built here: requirements alone are "
        f"installed, when a container starts (got '{shown}'). Build one, push it to ECR, and name it: "
        "DockerSettings(image=…), or parent_image=… where requirements are to be installed on it."
    )


def test_another_platform_is_refused() -> None:
    at_start().check(DockerSettings(platform="linux/amd64"), "step 'a'", push="ECR")
    with pytest.raises(ConfigurationError) as caught:
        at_start().check(DockerSettings(image="own:1", platform="linux/arm64"), "step 'a'", push="ECR")
    assert str(caught.value) == (
        "step 'a', DockerSettings.platform: there are no such machines here (got 'linux/arm64', limit: linux/amd64). "
        "Leave it out."
    )


def test_an_index_is_one_that_another_machine_can_ask() -> None:
    check_index("https://index/simple", "Config.index")
    with pytest.raises(ConfigurationError) as caught:
        check_index("/wheels", "Config.index")
    assert str(caught.value) == (
        "Config.index: it is no URL, and containers see no folder of this machine (got '/wheels')."
    )
    with pytest.raises(ConfigurationError, match="password"):
        check_index("https://me:secret@index/simple", "Config.index")
