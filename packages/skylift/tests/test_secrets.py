from __future__ import annotations

import importlib.metadata
from importlib.metadata import EntryPoint
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift import secrets
from skylift.secrets import Reference, filled_from_here, filled_in, has_reference, is_reference
from skylift_contract import discovery
from skylift_contract.errors import ConfigurationError, NotFound, UnknownName


@given(
    st.from_regex(r"[a-z][a-z0-9-]*", fullmatch=True), st.from_regex(r"[A-Za-z0-9_/.:#@-]+", fullmatch=True)
)
def test_a_reference_and_its_text_are_inverse(scheme: str, name: str) -> None:
    reference = Reference(scheme, name)
    assert Reference.parse(str(reference), "x") == reference
    assert is_reference(f"${{{reference}}}")
    assert has_reference(f"a${{{reference}}}b")


@given(st.text().filter(lambda text: "${" not in text))
def test_a_text_without_one_stays(text: str) -> None:
    assert filled_in(text, "x") == text
    assert not has_reference(text)


@pytest.mark.parametrize("text", ["hunter2", "ENV:A", "env:", "env:a b", "${env:A}"])
def test_what_is_no_reference_is_not_repeated(text: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Reference.parse(text, "secret 'a'")
    assert str(raised.value) == (
        "secret 'a': it is no reference to a secret. Write where the secret is: env:NAME."
    )


def test_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A", "${env:B}")
    assert filled_in("x-${env:A}", "x") == "x-${env:B}"
    monkeypatch.delenv("A")
    assert filled_from_here("${env:A} ${vault:b}") == "${env:A} ${vault:b}"
    with pytest.raises(ConfigurationError, match=r"^x: the environment variable A is not set\. export A=…$"):
        filled_in("${env:A}", "x")


def look_up(name: str) -> str:
    if name == "locked":
        raise PermissionError(13, "no")
    if name == "none":
        raise NotFound("there is none", operation="vault:Read", fix="Make it.")
    return f"the secret of {name}"


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin that brings the scheme `vault`."""
    real = importlib.metadata.entry_points

    def with_it(*, group: str) -> Any:
        found: list[EntryPoint] = list(real(group=group))
        mine = EntryPoint("vault", f"{__name__}:look_up", "skylift.secrets")
        return [*found, mine] if group == "skylift.secrets" else found

    monkeypatch.setattr(discovery, "entry_points", with_it)


@pytest.mark.usefixtures("vault")
def test_a_plugin_brings_a_scheme() -> None:
    assert filled_in("${vault:a/b#c}", "x") == "the secret of a/b#c"
    with pytest.raises(ConfigurationError, match=r"could not read vault:locked: PermissionError: .*no\.$"):
        filled_in("${vault:locked}", "x")
    expected = r"^x: vault:none could not be read: vault:Read: there is none\. Make it\.$"
    with pytest.raises(ConfigurationError, match=expected):
        filled_in("${vault:none}", "x")


@pytest.mark.usefixtures("vault")
def test_an_unknown_scheme_offers_the_nearest() -> None:
    with pytest.raises(
        UnknownName, match=r"^x: there is no kind of secret named 'valt'\. Did you mean 'vault'\?"
    ):
        secrets.Reference("valt", "a").resolve("x")
