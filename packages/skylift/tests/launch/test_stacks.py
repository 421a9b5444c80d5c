from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from documented_orchestrator import MyOrchestratorFlavor
from skylift_tests_support.backends import Here, Processes

from skylift.authoring.options import PipelineOptions
from skylift.launch.stacks import resolve_stack
from skylift_contract.errors import ConfigurationError, FlavorBroken, FlavorNotFound, UnknownName
from skylift_contract.orchestrator import BaseOrchestratorConfig
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
        match=r"^flavor 'databricks': its package, skylift-databricks, is not built yet\. Installed: local\b",
    ):
        resolve_stack(PipelineOptions(orchestrator="databricks"))


def test_a_misspelt_flavor_offers_the_nearest() -> None:
    with pytest.raises(
        ConfigurationError, match=r"Did you mean 'local'\? Registered: default; flavors: local"
    ):
        resolve_stack(PipelineOptions(orchestrator="locl"))


def test_an_unknown_stack() -> None:
    with pytest.raises(UnknownName, match="there is no stack named 'prod'"):
        resolve_stack(PipelineOptions(stack="prod"))


def test_something_else() -> None:
    with pytest.raises(
        ConfigurationError, match=r"the name of an orchestrator, or an instance of one \(got 3\)"
    ):
        resolve_stack(PipelineOptions(orchestrator=3))


def test_an_orchestrator_without_a_flavor_is_told_how_to_get_one() -> None:
    with pytest.raises(
        ConfigurationError,
        match=r"^orchestrator Processes\('nameless'\): it has no flavor, the name that its runs and settings go by\. "
        r"Make it with make_orchestrator\(flavor, config\), or Processes\(config, flavor=\"my_flavor\"\)\.$",
    ):
        resolve_stack(PipelineOptions(orchestrator=Processes(Here(), name="nameless")))


def test_a_flavor_of_ones_own_that_is_not_installed_says_all_that_is_missing() -> None:
    with pytest.raises(
        ConfigurationError,
        match=r"^there is no orchestrator named 'my_orchestrator'\. Register one, skylift orchestrator register "
        r"NAME --flavor=FLAVOR; a flavor of your own, skylift orchestrator flavor register module\.Class; or "
        r"give an instance of its orchestrator, with its options\. Registered: default; flavors: local(, \w+)*\.$",
    ):
        resolve_stack(PipelineOptions(orchestrator="my_orchestrator"))


@pytest.fixture
def my_orchestrator(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(_: str) -> MyOrchestratorFlavor:
        return MyOrchestratorFlavor()

    monkeypatch.setattr("skylift.stacks.build.load_flavor", load)


def test_options_without_a_default_are_named_together(my_orchestrator: None) -> None:
    with pytest.raises(
        ConfigurationError,
        match=r"^orchestrator 'my_orchestrator': its name alone is not enough: options of MyOrchestratorConfig have "
        r"no default \(got 'region, execution_role'\)\. Register one, skylift orchestrator register NAME "
        r"--flavor=my_orchestrator --region=… --execution_role=…, and name that; or give an instance, "
        r"make_orchestrator\(MyOrchestratorFlavor\(\), MyOrchestratorConfig\(…\)\)\.$",
    ):
        resolve_stack(PipelineOptions(orchestrator="my_orchestrator"))


def test_a_configuration_that_cannot_be_made_is_the_flavors_fault(
    my_orchestrator: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Odd(BaseOrchestratorConfig):
        def model_post_init(self, _: object) -> None:
            raise RuntimeError("no home")

    monkeypatch.setattr(MyOrchestratorFlavor, "config_class", property(lambda _: Odd))  # pyright: ignore[reportUnknownLambdaType]
    with pytest.raises(FlavorBroken, match=r"Odd cannot be made: RuntimeError: no home\.$"):
        resolve_stack(PipelineOptions(orchestrator="my_orchestrator"))


def test_an_orchestrator_that_cannot_say_how_it_behaves() -> None:
    class Odd(BaseOrchestratorConfig):
        @property
        def is_remote(self) -> bool:
            raise RuntimeError("who knows")

    with pytest.raises(
        FlavorBroken, match=r"^flavor 'odd' of \S+:Processes: its is_remote fails: RuntimeError: who"
    ):
        resolve_stack(PipelineOptions(orchestrator=Processes(Odd(), flavor="odd")))
