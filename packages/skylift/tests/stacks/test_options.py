from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from skylift.stacks import options
from skylift.stacks.entries import Component, Kind
from skylift.stacks.options import (
    check_component,
    filled_store,
    known_options,
    parsed_options,
    read_option,
    shown_options,
    without_secrets,
)
from skylift_contract.errors import ConfigurationError, UnknownName
from skylift_contract.model import Duration
from skylift_contract.orchestrator import BaseOrchestratorConfig

if TYPE_CHECKING:
    from skylift_contract.flavor import BaseOrchestratorFlavor


class Config(BaseOrchestratorConfig):
    region: str = "eu"
    workers: int = 1
    token: SecretStr | None = None
    patience: Duration = timedelta(seconds=5)
    labels: dict[str, str] | None = None
    zones: list[str] | None = None


@pytest.fixture
def component(monkeypatch: pytest.MonkeyPatch) -> Component:
    """An orchestrator of a flavor whose options are `Config`'s."""
    from skylift.local.flavor import LocalOrchestratorFlavor

    class Flavor(LocalOrchestratorFlavor):
        @property
        def config_class(self) -> Any:
            return Config

    def load(_: str) -> BaseOrchestratorFlavor:
        return Flavor()

    monkeypatch.setattr(options, "load_flavor", load)
    return Component(Kind.ORCHESTRATOR, "a", "any")


def _with(component: Component, **given: Any) -> Component:
    return Component(component.kind, component.name, component.flavor, given)


@pytest.mark.parametrize(
    ("name", "text", "kept"),
    [
        ("region", "8", "8"),
        ("region", "null", "null"),
        ("workers", "8", 8),
        ("workers", "eight", "eight"),
        ("labels", '{"a": "b"}', {"a": "b"}),
        ("zones", '["a"]', ["a"]),
        ("zones", "null", None),
        ("token", "${env:T}", "${env:T}"),
        ("workers", "${env:N}", "${env:N}"),
    ],
)
def test_a_text_is_kept_as_its_annotation_takes_it(
    component: Component, name: str, text: str, kept: object
) -> None:
    assert read_option(text, known_options(component)[name]) == kept


def test_a_duration_written_in_seconds(component: Component) -> None:
    kept = read_option("90", known_options(component)["patience"])
    assert parsed_options(_with(component, patience=kept)).patience == timedelta(seconds=90)


def test_a_secret_in_clear_is_refused_and_not_repeated(component: Component) -> None:
    with pytest.raises(
        ConfigurationError,
        match=r"^orchestrator 'a', token: it is a secret, and is kept as a reference only\. "
        r"export A_TOKEN=… and write --token='\$\{env:A_TOKEN\}'$",
    ):
        check_component(_with(component, token="hunter2"))


def test_a_reference_needs_nothing_to_be_registered(component: Component) -> None:
    check_component(_with(component, token="${env:NOT_SET}", region="${vault:x}"))


def test_a_reference_is_followed_when_it_is_used(
    component: Component, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _with(component, token="${env:TOKEN}", region="${env:REGION}-west", workers="${env:N}")
    monkeypatch.setenv("TOKEN", "hunter2")
    monkeypatch.setenv("REGION", "us")
    monkeypatch.setenv("N", "3")
    found = parsed_options(asked)
    assert (found.token.get_secret_value(), found.region, found.workers) == ("hunter2", "us-west", 3)


def test_a_reference_that_leads_nowhere(component: Component, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOKEN", raising=False)
    with pytest.raises(
        ConfigurationError,
        match=r"^orchestrator 'a': the environment variable TOKEN is not set\. export TOKEN=…$",
    ):
        parsed_options(_with(component, token="${env:TOKEN}"))


def test_what_a_reference_stands_for_is_in_no_error(
    component: Component, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("N", "hunter2")
    with pytest.raises(ConfigurationError, match=r"^orchestrator 'a', Config\.workers: ") as raised:
        check_component(_with(component, workers="${env:N}"))
    assert "hunter2" not in str(raised.value)


def test_a_store_has_its_schemes_options(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Component(Kind.ARTIFACT_STORE, "b", options={"uri": "s3://b/p", "region": "${env:REGION}"})
    assert "account_key" not in known_options(store)
    check_component(store)
    monkeypatch.setenv("REGION", "eu")
    assert filled_store(store) == ("s3://b/p", {"region": "eu"})


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, r"^artifact store 'b', uri: it is required\. Give it: --uri=s3://…$"),
        ({"uri": "s4://b"}, "there is no store scheme named 's4'"),
        ({"uri": "s3://b", "account_key": "${env:K}"}, "there is no option named 'account_key'"),
        (
            {"uri": "s3://b", "region": 3},
            r"^artifact store 'b', region: it is text \(got 3\)\. Write it in quotes\.$",
        ),
        ({"uri": "s3://b", "secret_access_key": "k"}, "it is a secret, and is kept as a reference only"),
    ],
)
def test_what_no_store_can_be(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        check_component(Component(Kind.ARTIFACT_STORE, "b", options=given))


def test_a_registry_is_a_prefix_of_names() -> None:
    def registry(**given: Any) -> Component:
        return Component(Kind.CONTAINER_REGISTRY, "r", options=given)

    check_component(registry(uri="docker.io/company", username="me", password="${env:P}"))
    for wrong in ("https://docker.io", "docker.io/", "a b"):
        with pytest.raises(ConfigurationError, match="it is the beginning of images' names"):
            check_component(registry(uri=wrong))
    with pytest.raises(ConfigurationError, match="it is a secret"):
        check_component(registry(uri="docker.io", password="p"))
    with pytest.raises(UnknownName, match=r"^container registry 'r': there is no option named 'user'\. "):
        check_component(registry(uri="docker.io", user="p"))


def _store(**options: Any) -> Component:
    return Component(Kind.ARTIFACT_STORE, "b", options={"uri": "s3://b", **options})


def test_a_secret_in_clear_is_refused_where_it_is_used(component: Component) -> None:
    for use in (
        lambda: parsed_options(_with(component, token="hunter2")),
        lambda: filled_store(_store(secret_access_key="hunter2")),
        lambda: parsed_options(without_secrets(_with(component, token="hunter2"))),
    ):
        with pytest.raises(
            ConfigurationError, match="it is a secret, and is kept as a reference only"
        ) as raised:
            use()
        assert "hunter2" not in str(raised.value)


def test_a_reference_that_is_left_out_is_none_in_clear(component: Component) -> None:
    assert parsed_options(without_secrets(_with(component, token="${vault:x}"))).token is not None


def test_it_is_shown_as_stars(component: Component) -> None:
    asked = _with(
        component, token="hunter2", region="http://me:hunter2@h", labels={"a": "http://me:hunter2@h"}
    )
    assert shown_options(asked) == {
        "token": "**********",
        "region": "http://me:**********@h",
        "labels": "**********",
    }
    assert shown_options(_with(component, token="${env:T}", workers=2)) == {"token": "${env:T}", "workers": 2}


def test_of_a_flavor_that_is_not_here_names_say_what_is_secret() -> None:
    asked = Component(Kind.ORCHESTRATOR, "a", "not_installed", {"api_token": "hunter2", "region": "eu"})
    assert shown_options(asked) == {"api_token": "**********", "region": "eu"}


@pytest.mark.parametrize("password", ["pw12345678", "Secr3t"])
def test_a_password_in_a_url_is_refused_and_not_repeated(component: Component, password: str) -> None:
    registry = Component(Kind.CONTAINER_REGISTRY, "r", options={"uri": f"user:{password}@ghcr.io/x"})
    for asked in (
        registry,
        _store(endpoint=f"http://user:{password}@minio:9000"),
        _store(uri=f"s3://AKIA:{password}@x/y"),
        _with(component, region=f"http://user:{password}@h"),
    ):
        with pytest.raises(ConfigurationError, match="it holds user:password@") as raised:
            check_component(asked)
        assert password not in str(raised.value)


def test_nor_may_a_reference_bring_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P", "hunter2")
    for use in (
        lambda: filled_store(_store(endpoint="http://user:${env:P}@minio")),
        lambda: parsed_options(Component(Kind.CONTAINER_REGISTRY, "r", options={"uri": "me:${env:P}@h"})),
    ):
        with pytest.raises(ConfigurationError, match="it holds user:password@") as raised:
            use()
        assert "hunter2" not in str(raised.value)


def test_numbers_of_a_store_are_taken_as_numbers() -> None:
    store = _store(retry_timeout_s=1, request_timeout_s=0.5)
    check_component(store)
    assert filled_store(store) == ("s3://b", {"retry_timeout_s": "1", "request_timeout_s": "0.5"})
    with pytest.raises(ConfigurationError, match=r"retry_timeout_s: it is text \(got True\)"):
        check_component(_store(retry_timeout_s=True))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"rogion": "eu"}, "there is no option named 'rogion'"),
        ({"request_timeout_s": "1s"}, "it is no number of seconds"),
    ],
)
def test_what_a_store_does_not_take_is_seen_when_it_is_used(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        filled_store(_store(**given))
