from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr
from skylift_tests_support.backends import Here, Processes, counting
from skylift_tests_support.runs import make_snapshot, make_step

from skylift.launch.plan import check_settings, orchestrator_source, plan
from skylift.stack import ArtifactStore, Stack
from skylift_contract.errors import BackendError, UnknownName
from skylift_contract.run_id import Env

MARK = "a secret that must not travel"


class Secretive(Here):
    token: SecretStr | None = None
    region: str = "here"


def planned(orchestrator: Processes, **options: Any) -> Any:
    stack = Stack("mine", orchestrator, ArtifactStore("memory://plans"))
    return plan(counting.with_options(stack=stack, **options), {})


def test_secrets_never_enter_the_snapshot() -> None:
    config = Secretive(token=SecretStr(MARK), region="there")
    made = planned(Processes(config, flavor="processes"))
    source = made.snapshot.runtime.orchestrator
    assert source == orchestrator_source(Processes(config, flavor="processes"))
    assert source.config == {"region": "there"}
    assert MARK not in made.snapshot.content.decode()
    assert '"token"' not in made.snapshot.content.decode()


@pytest.mark.parametrize("near", ["locl", "lcoal", "Local", "processe"])
def test_settings_of_a_misspelt_flavor_offer_the_nearest(near: str) -> None:
    meant = "processes" if near.startswith("p") else "local"
    with pytest.raises(
        UnknownName,
        match=rf"^pipeline 'counting': there is no settings key named 'orchestrator\.{near}'\. "
        rf"Did you mean 'orchestrator\.{meant}'\?$",
    ):
        planned(Processes(Here(), flavor="processes"), settings={f"orchestrator.{near}": {"a": 1}})


@pytest.mark.parametrize("name", ["sagemaker", "acme", "local", "processes", "local_k8s"])
def test_settings_of_other_flavors_are_carried(name: str) -> None:
    made = planned(Processes(Here(), flavor="processes"), settings={f"orchestrator.{name}": {}})
    assert made.snapshot.pipeline_configuration.settings == {f"orchestrator.{name}": {}}


def test_settings_of_a_step_are_looked_at_too() -> None:
    made = make_snapshot(make_step("train", settings={"orchestrator.locl": {}}))
    with pytest.raises(
        UnknownName, match=r"^step 'train': there is no settings key named 'orchestrator\.locl'"
    ):
        check_settings(made)


def test_a_validation_that_raises_is_the_plugins_fault() -> None:
    class Odd(Processes):
        run_id_sources = (Env(name="PROCESSES_RUN_ID"),)

        def validate(self, *_: Any, **__: Any) -> None:
            raise LookupError("no cluster")

    with pytest.raises(
        BackendError,
        match=r"Odd\.validate of flavor 'odd' .*: it failed for pipeline 'counting': LookupError",
    ):
        planned(Odd(Here(), flavor="odd"))
