from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift.bootstrap.recipes import is_ready, needs_building, recipe
from skylift_contract.settings import DockerSettings
from skylift_contract.snapshot import PipelineConfiguration, PipelineSnapshot, SnapshotRuntime

SNAPSHOT = PipelineSnapshot(
    project="tests",
    pipeline_configuration=PipelineConfiguration(name="daily", source="flow:daily"),
    steps=(),
    runtime=SnapshotRuntime(flavor="tests", python="3.12", skylift="0.1.0"),
)


@pytest.mark.parametrize(
    ("asked", "image", "ready", "built"),
    [
        ({"image": "own:1"}, None, True, False),
        ({}, "default:1", True, False),
        ({"platform": "linux/arm64"}, "default:1", True, False),
        ({}, None, False, False),
        ({"parent_image": "own:1"}, "default:1", False, False),
        ({"requirements": ("numpy",)}, "default:1", False, False),
        ({"environment": {"A": "b"}}, "default:1", False, False),
        ({"apt_packages": ("git",)}, "default:1", False, True),
        ({"dockerfile": "Dockerfile"}, "default:1", False, True),
    ],
)
def test_what_is_there_and_what_has_to_be_made(
    asked: dict[str, Any], image: str | None, ready: bool, built: bool
) -> None:
    settings = DockerSettings(**asked)
    assert (is_ready(settings, image), needs_building(settings)) == (ready, built)


def test_skylift_and_the_plugin_come_first() -> None:
    made = recipe(SNAPSHOT, DockerSettings(requirements=("numpy", "numpy", "pandas")), None, "skylift-own")
    assert made.requirements == ("skylift==0.1.0", "skylift-own", "numpy", "pandas")
    assert made.asked == ("numpy", "pandas")
    assert made.parent == "python:3.12-slim"


@given(st.permutations(["A", "B", "C"]))
def test_the_order_of_variables_makes_no_other_recipe(names: list[str]) -> None:
    def of(order: list[str]) -> object:
        return recipe(SNAPSHOT, DockerSettings(environment=dict.fromkeys(order, "1")), "own:1", "p")

    assert of(names) == of(sorted(names))
