from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from skylift_docker_snapshots import snapshot, step

from skylift_contract.settings import DockerSettings
from skylift_docker.config import DockerOrchestratorConfig
from skylift_docker.recipes import Provision, needs, provision


def config(**options: Any) -> DockerOrchestratorConfig:
    return DockerOrchestratorConfig.parse(options)


@pytest.mark.parametrize(
    ("asked", "default", "expected"),
    [
        ({"image": "own:1"}, None, Provision.READY),
        ({"image": "own:1"}, "default:1", Provision.READY),
        ({}, "default:1", Provision.READY),
        ({"platform": "linux/arm64"}, "default:1", Provision.READY),
        ({}, None, Provision.BUILT),
        ({"parent_image": "own:1"}, "default:1", Provision.BUILT),
        ({"requirements": ("numpy",)}, "default:1", Provision.BUILT),
        ({"apt_packages": ("git",)}, "default:1", Provision.BUILT),
        ({"environment": {"A": "b"}}, "default:1", Provision.BUILT),
        ({"dockerfile": "Dockerfile"}, "default:1", Provision.BUILT),
    ],
)
def test_what_is_made_for_which_settings(
    asked: dict[str, Any], default: str | None, expected: Provision
) -> None:
    settings = DockerSettings(**asked)
    assert provision(settings, config(image=default)) is expected
    at_start = Provision.READY if expected is Provision.READY else Provision.AT_START
    assert provision(settings, config(image=default, setup="start")) is at_start


@pytest.mark.parametrize(
    ("asked", "default", "parent"),
    [
        ({"parent_image": "own:1"}, "default:1", "own:1"),
        ({"requirements": ("numpy",)}, "default:1", "default:1"),
        ({"requirements": ("numpy",)}, None, "python:3.11-slim"),
        ({"dockerfile": "Dockerfile"}, "default:1", ""),
    ],
)
def test_what_an_image_stands_on(asked: dict[str, Any], default: str | None, parent: str) -> None:
    made = snapshot(step("a", docker_settings=DockerSettings(**asked)))
    (need,) = needs(made, config(image=default))
    assert need.recipe.parent == parent
    assert need.recipe.requirements[0] == "skylift==0.1.0"


@given(st.lists(st.sampled_from(["curl", "git", "jq"])), st.randoms())
def test_the_order_of_what_is_asked_for_does_not_make_another_image(names: list[str], random: Any) -> None:
    shuffled = random.sample(names, len(names))
    one, other = (
        DockerSettings(apt_packages=tuple(order), environment=dict.fromkeys(order, "x"))
        for order in (names, shuffled)
    )
    made = snapshot(step("a", docker_settings=one), step("b", docker_settings=other))
    assert len({need.recipe for need in needs(made, config())}) == 1


def test_a_dynamic_pipelines_function_needs_the_plugin() -> None:
    (need,) = needs(snapshot(dynamic=True), config())
    assert need.recipe.requirements == ("skylift==0.1.0", "skylift-docker")
    assert need.invocation == ""
