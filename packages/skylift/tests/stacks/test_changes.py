from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from skylift.stacks.changes import (
    copy_stack,
    delete_component,
    delete_stack,
    register_component,
    register_flavor,
    register_stack,
    set_active,
    update_component,
    update_stack,
)
from skylift.stacks.document import read_configuration
from skylift.stacks.entries import Component, Kind, StackEntry
from skylift_contract.errors import ConfigurationError, FlavorNotFound, UnknownName

if TYPE_CHECKING:
    from pathlib import Path


def _orchestrator(name: str, **options: Any) -> Component:
    return Component(Kind.ORCHESTRATOR, name, "local", options)


def test_the_documented_way_to_production(file: Path) -> None:
    copy_stack("default", "production")
    made = register_component(_orchestrator("prod", max_parallelism=2))
    update_stack("production", {Kind.ORCHESTRATOR: "prod"})
    set_active("production")
    assert tomllib.loads(file.read_text()) == {
        "project": {"name": "p"},
        "stack": {"production": {"orchestrator": "prod", "artifact_store": "default"}},
        "orchestrator": {"prod": {"flavor": "local", "max_parallelism": 2, "id": str(made.id)}},
        "active": {"stack": "production"},
    }


def test_a_component_has_an_id_of_its_own(file: Path) -> None:
    first, second = (register_component(_orchestrator(name)) for name in ("a", "b"))
    assert first.id
    assert first.id != second.id
    assert read_configuration().component(Kind.ORCHESTRATOR, "a") == first


def test_a_name_is_taken_once(file: Path) -> None:
    register_component(_orchestrator("a"))
    with pytest.raises(
        ConfigurationError,
        match=r"^orchestrator 'a': there is one of that name already\. "
        r"Change it with: skylift orchestrator update a$",
    ):
        register_component(_orchestrator("a"))
    copy_stack("default", "x")
    with pytest.raises(ConfigurationError, match=r"^stack 'x': there is one of that name already\. "):
        copy_stack("default", "x")


def test_what_is_refused_is_not_written(file: Path) -> None:
    before = file.read_bytes()
    with pytest.raises(
        UnknownName, match=r"no option named 'max_paralelism'\. Did you mean 'max_parallelism'"
    ):
        register_component(_orchestrator("a", max_paralelism=2))
    with pytest.raises(
        ConfigurationError, match=r"max_parallelism: Input should be greater than .* \(got 0\)"
    ):
        register_component(_orchestrator("a", max_parallelism=0))
    with pytest.raises(FlavorNotFound, match="flavor 'kubernetes'"):
        register_component(Component(Kind.ORCHESTRATOR, "a", "kubernetes"))
    with pytest.raises(ConfigurationError, match="it cannot be a name"):
        register_component(_orchestrator("a b"))
    assert file.read_bytes() == before


def test_an_update_keeps_the_rest_and_its_comments(file: Path) -> None:
    file.write_text("[artifact_store.s]\nuri = 's3://b' # ours\nregion = 'eu'\nendpoint = 'http://x'\n")
    update_component(Kind.ARTIFACT_STORE, "s", {"region": "us"}, ["endpoint"])
    assert file.read_text() == "[artifact_store.s]\nuri = 's3://b' # ours\nregion = \"us\"\n"


def test_an_update_is_checked(file: Path) -> None:
    register_component(_orchestrator("a"))
    before = file.read_bytes()
    with pytest.raises(UnknownName, match="no option named 'x'"):
        update_component(Kind.ORCHESTRATOR, "a", {"x": 1})
    with pytest.raises(
        ConfigurationError,
        match=r"^orchestrator 'a', x: it is not set\. See: skylift orchestrator describe a$",
    ):
        update_component(Kind.ORCHESTRATOR, "a", {}, ["x"])
    assert file.read_bytes() == before


def test_a_component_that_a_stack_has_cannot_go(file: Path) -> None:
    register_component(_orchestrator("a"))
    register_stack(StackEntry("s", {Kind.ORCHESTRATOR: "a", Kind.ARTIFACT_STORE: "default"}))
    with pytest.raises(
        ConfigurationError,
        match=r"^orchestrator 'a': stack s has it\. Give it another: skylift stack update s --orchestrator=NAME$",
    ):
        delete_component(Kind.ORCHESTRATOR, "a")
    delete_stack("s")
    delete_component(Kind.ORCHESTRATOR, "a")
    assert list(read_configuration().components[Kind.ORCHESTRATOR]) == ["default"]


def test_the_active_stack_cannot_go(file: Path) -> None:
    copy_stack("default", "s")
    set_active("s")
    with pytest.raises(
        ConfigurationError, match=r"^stack 's': it is the active one\. First: skylift stack set"
    ):
        delete_stack("s")


def test_what_is_always_there_cannot_be_changed(file: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"^stack 'default': it is always there, as it is\. Copy it"):
        update_stack("default", {Kind.ORCHESTRATOR: "default"})
    with pytest.raises(ConfigurationError, match="it is always there"):
        delete_stack("default")
    with pytest.raises(ConfigurationError, match=r"^orchestrator 'default': it is always there, as it is\. "):
        update_component(Kind.ORCHESTRATOR, "default", {"max_parallelism": 2})
    with pytest.raises(ConfigurationError, match="it is always there"):
        delete_component(Kind.ARTIFACT_STORE, "default")


def test_a_stack_needs_an_orchestrator_and_what_it_names(file: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"^stack 's': it has no orchestrator\. Name one"):
        register_stack(StackEntry("s", {Kind.ARTIFACT_STORE: "default"}))
    with pytest.raises(UnknownName, match="no orchestrator named 'a'"):
        register_stack(StackEntry("s", {Kind.ORCHESTRATOR: "a", Kind.ARTIFACT_STORE: "default"}))
    with pytest.raises(UnknownName, match="no stack named 't'"):
        set_active("t")


def test_the_nearest_is_offered_among_flavors_too(file: Path) -> None:
    register_component(_orchestrator("workers"))
    register_flavor("mine", "package:Mine")
    copy_stack("default", "s")
    for name, near in {"lokal": "local", "wrokers": "workers", "mien": "mine"}.items():
        sentence = (
            rf"no orchestrator named '{name}'\. Did you mean '{near}'\? See: skylift orchestrator list$"
        )
        with pytest.raises(UnknownName, match=sentence):
            update_stack("s", {Kind.ORCHESTRATOR: name})
    with pytest.raises(UnknownName, match=r"no artifact store named 'lokal'\. Known: default\. "):
        update_stack("s", {Kind.ARTIFACT_STORE: "lokal"})


def test_a_flavor_by_its_class(file: Path) -> None:
    register_flavor("mine", "package:Mine")
    register_flavor("mine", "package:Other")
    assert read_configuration().flavors == {"mine": "package:Other"}
