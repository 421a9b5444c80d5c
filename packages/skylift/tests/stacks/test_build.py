from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from skylift.client import Client
from skylift.stacks.build import active_store, build_stack, orchestrator_named
from skylift_contract.errors import ConfigurationError, FlavorNotFound, UnknownName

if TYPE_CHECKING:
    from pathlib import Path

FILE = """
[active]
stack = "s"
[stack.s]
orchestrator = "two"
artifact_store = "memory"
container_registry = "hub"
[orchestrator.two]
flavor = "local"
max_parallelism = 2
id = "00000000-0000-0000-0000-000000000007"
[artifact_store.memory]
uri = "memory://somewhere"
retry_timeout_s = "3"
[container_registry.hub]
uri = "docker.io/company"
"""


def test_the_active_stack_is_what_runs(file: Path) -> None:
    file.write_text(FILE.replace('retry_timeout_s = "3"\n', ""))
    stack = build_stack()
    assert (stack.name, stack.artifact_store.uri) == ("s", "memory://somewhere")
    assert (stack.orchestrator.name, stack.orchestrator.id) == ("two", UUID(int=7))
    assert stack.orchestrator.config.max_parallelism == 2
    assert stack.container_registry
    assert stack.container_registry.uri == "docker.io/company"
    assert Client().ledger.store.uri == active_store().uri == "memory://somewhere"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            'orchestrator = "two"',
            r"stack 's': it has no orchestrator\. Give it one: skylift stack update s --orchestrator=NAME$",
        ),
        (
            "[orchestrator.two]",
            r"stack 's': its orchestrator 'two' is not registered any more\. Give it one: skylift stack",
        ),
    ],
)
def test_a_stack_that_lacks_something_says_what(file: Path, line: str, sentence: str) -> None:
    file.write_text(FILE.replace(line, "[orchestrator.other]" if line.startswith("[") else ""))
    with pytest.raises(ConfigurationError, match=sentence):
        build_stack()


def test_an_active_stack_that_was_deleted_by_hand(file: Path) -> None:
    file.write_text('[active]\nstack = "gone"\n')
    with pytest.raises(UnknownName, match=r"there is no stack named 'gone'\. Known: default\. See: skylift"):
        build_stack()


def test_an_orchestrator_by_name_or_by_flavor(file: Path) -> None:
    file.write_text(FILE)
    assert orchestrator_named("two").config.max_parallelism == 2
    assert orchestrator_named("local").config.max_parallelism == 1
    with pytest.raises(
        ConfigurationError,
        match=r"^there is no orchestrator named 'twoo'\. Did you mean 'two'\? "
        r"Registered: default, two; flavors: local\.$",
    ):
        orchestrator_named("twoo")
    with pytest.raises(
        FlavorNotFound, match="flavor 'azureml': its package, skylift-azureml, is not built yet"
    ):
        orchestrator_named("azureml")


def test_a_name_that_another_flavor_has_taken_since(file: Path) -> None:
    file.write_text(FILE)
    with pytest.raises(FlavorNotFound, match="flavor 'vertex'"):
        orchestrator_named("two", "vertex")
