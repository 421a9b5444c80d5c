"""What another process is handed to reach a store as this one does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from skylift.store.identity import VARIABLES, identity
from skylift.store.location import Scheme
from skylift.store.options import OPTIONS, PATIENCE
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def nobodys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for names in VARIABLES.values():
        for name in names:
            monkeypatch.delenv(name, raising=False)


def test_options_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of the environment")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    found = identity("s3://bucket", {"access_key_id": "own", "region": "eu-west-1", "retry_timeout_s": "9"})
    assert found.variables == {
        "AWS_ACCESS_KEY_ID": "own",
        "AWS_SESSION_TOKEN": "token",
        "AWS_REGION": "eu-west-1",
    }


def test_an_aws_profile_is_read_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text("[own]\naws_access_key_id = K\naws_secret_access_key = S\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    found = identity("s3://bucket", {"profile": "own"})
    assert found.variables == {"AWS_ACCESS_KEY_ID": "K", "AWS_SECRET_ACCESS_KEY": "S"}


def test_a_file_that_a_variable_names_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/keys/own.json")
    assert identity("gs://bucket", {}).files == ("/keys/own.json",)


def test_a_folder_needs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    assert identity("file:///x", {}).variables == {}


def test_secrets_are_not_shown() -> None:
    assert "hidden" not in repr(identity("s3://bucket", {"secret_access_key": "hidden"}))


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("http://127.0.0.1:9000", True),
        ("http://localhost:9000", True),
        ("http://[::1]:9000", True),
        ("http://minio:9000", False),
        ("", False),
    ],
)
def test_an_endpoint_on_loopback_is_seen(endpoint: str, expected: bool) -> None:
    options = {"endpoint": endpoint} if endpoint else {}
    assert identity("s3://bucket", options).is_on_loopback is expected


def test_an_emulators_address_may_lack_its_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "localhost:4443")
    assert identity("gs://bucket", {}).is_on_loopback


def test_an_option_that_cannot_be_handed_on_is_refused() -> None:
    with pytest.raises(
        ConfigurationError,
        match=r"^store 'gs://bucket', option 'bearer_token': no environment variable stands for it, so it "
        r"cannot be handed to another process\. Use another of its ways to log in: STORAGE_EMULATOR_HOST, ",
    ):
        identity("gs://bucket", {"bearer_token": "t"})


def test_every_other_option_has_a_variable() -> None:
    left_out = {
        (scheme, name)
        for scheme in Scheme
        for name in OPTIONS[scheme] - PATIENCE - {"profile", "endpoint"}
        if name not in VARIABLES[scheme].values()
    }
    assert left_out == {(Scheme.GS, "bearer_token")}
