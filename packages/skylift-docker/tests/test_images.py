"""What is said where no versions fit: whose requirements they are, and where to name their index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from skylift_docker_snapshots import snapshot, step
from skylift_tests_support.wheels import make_wheel

from skylift.bootstrap.locking import lock_of
from skylift_contract.errors import ConfigurationError
from skylift_contract.settings import DockerSettings
from skylift_docker.config import DockerOrchestratorConfig
from skylift_docker.images import WHERE
from skylift_docker.recipes import recipe

if TYPE_CHECKING:
    from pathlib import Path

INDEX = "name an index that has them, or a folder of wheels: skylift orchestrator update NAME --index=…"


def refusal(folder: Path, *requirements: str) -> str:
    of, config = snapshot(step("a")), DockerOrchestratorConfig.parse({"index": str(folder)})
    with pytest.raises(ConfigurationError) as caught:
        lock_of(recipe(of, DockerSettings(requirements=requirements), config), of, config.index, WHERE)
    return str(caught.value)


def test_of_skylifts_own_packages_nobody_is_told_to_loosen_them(tmp_path: Path) -> None:
    assert refusal(tmp_path) == (
        "Skylift's own packages: no versions fit: No solution found when resolving dependencies: Because skylift "
        "was not found in the provided package locations and you require skylift==0.1.0, we can conclude that your "
        f"requirements are unsatisfiable (got 'skylift==0.1.0, skylift-docker'). Please {INDEX}."
    )


def test_of_others_both_are_named(tmp_path: Path) -> None:
    make_wheel(tmp_path, "skylift", "0.1.0")
    make_wheel(tmp_path, "skylift-docker", "0.1.0")
    found = refusal(tmp_path, "none-such")
    assert found.startswith("DockerSettings.requirements, and Skylift's own packages: no versions fit: ")
    assert "Because none-such was not found in" in found
    assert found.endswith(f"(got 'skylift==0.1.0, skylift-docker, none-such'). Loosen yours, or {INDEX}.")
