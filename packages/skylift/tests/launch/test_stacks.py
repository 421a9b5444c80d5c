from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from skylift.authoring.options import PipelineOptions
from skylift.launch.stacks import resolve_stack
from skylift_contract.errors import ConfigurationError, FlavorNotFound, UnknownName
from skylift_contract.stack import ArtifactStore, Stack

if TYPE_CHECKING:
    from pathlib import Path


def test_by_default_it_is_local(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SKYLIFT_STORE_URI", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    stack = resolve_stack(PipelineOptions())
    assert stack.orchestrator.flavor == "local"
    assert stack.artifact_store.uri == f"{tmp_path.as_uri()}/skylift/store"


def test_the_environment_names_another_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYLIFT_STORE_URI", "memory://x")
    assert resolve_stack(PipelineOptions()).artifact_store.uri == "memory://x"


def test_an_orchestrator_replaces_the_stacks_own() -> None:
    stack = Stack("mine", resolve_stack(PipelineOptions()).orchestrator, ArtifactStore("memory://a"))
    found = resolve_stack(PipelineOptions(stack=stack, orchestrator="local"))
    assert (found.name, found.artifact_store.uri) == ("mine", "memory://a")


def test_a_flavor_that_is_not_installed_says_how() -> None:
    with pytest.raises(
        FlavorNotFound,
        match=r"^flavor 'databricks': it is not installed\. Install it with: pip install skylift-databricks$",
    ):
        resolve_stack(PipelineOptions(orchestrator="databricks"))


def test_a_misspelt_flavor_offers_the_nearest() -> None:
    with pytest.raises(FlavorNotFound, match=r"Did you mean 'local'\?$"):
        resolve_stack(PipelineOptions(orchestrator="locl"))


def test_an_unknown_stack() -> None:
    with pytest.raises(UnknownName, match="there is no stack named 'prod'"):
        resolve_stack(PipelineOptions(stack="prod"))


def test_something_else() -> None:
    with pytest.raises(
        ConfigurationError, match=r"the name of an orchestrator, or an instance of one \(got 3\)"
    ):
        resolve_stack(PipelineOptions(orchestrator=3))
