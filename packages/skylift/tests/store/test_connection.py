"""Where endpoints and credentials come from; seen in what obstore was given, or on the wire."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from skylift_tests_support.stores import BUCKET, S3_OPTIONS, SHORT

from skylift.store.connection import connect
from skylift.store.location import Location, open_store
from skylift.store.objects import Outcome
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from skylift_testkit.emulator.gcs import GcsXml

pytestmark = pytest.mark.usefixtures("clean_environment")
TIMEOUT = timedelta(seconds=3)


def made(uri: str, options: dict[str, str] | None = None) -> Any:
    return connect(Location.parse(uri), options or {}, TIMEOUT)


def test_patience_reaches_the_client() -> None:
    store = made("s3://b", {"retry_timeout_s": "7"})
    assert store.client_options["timeout"] == "3s"
    assert store.client_options["connect_timeout"] == "3s"
    assert store.retry_config["retry_timeout"] == timedelta(seconds=7)


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
def test_s3_endpoint_from_the_environment(
    s3_server: str, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv(variable, s3_server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    store = open_store(f"s3://{BUCKET}/environment/{variable}", SHORT)
    assert store.create("k", b"").outcome is Outcome.CREATED


def test_an_endpoint_that_is_given_wins(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    store = open_store(f"s3://{BUCKET}/given", S3_OPTIONS | {"endpoint": s3_server})
    assert store.create("k", b"").outcome is Outcome.CREATED


def test_plain_http_is_allowed_only_where_it_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    assert made("s3://b").client_options["allow_http"] == "false"
    assert made("s3://b", {"endpoint": "https://h"}).client_options["allow_http"] == "false"
    assert made("s3://b", {"endpoint": "http://h"}).client_options["allow_http"] == "true"
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    assert made("s3://b").client_options["allow_http"] == "true"


PROFILE = "[team]\naws_access_key_id = from-profile\naws_secret_access_key = secret\nregion = eu-west-1\n"


@pytest.fixture
def profile(clean_environment: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text(PROFILE + PROFILE.replace("team", "default"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


@pytest.mark.usefixtures("profile")
@pytest.mark.parametrize(
    ("environment", "options", "source"),
    [
        ({}, {}, "from-profile"),
        ({"AWS_PROFILE": "team"}, {}, "from-profile"),
        ({}, {"profile": "team"}, "from-profile"),
        ({"AWS_ACCESS_KEY_ID": "static", "AWS_SECRET_ACCESS_KEY": "s"}, {"profile": "team"}, "from-profile"),
        ({"AWS_ACCESS_KEY_ID": "static", "AWS_SECRET_ACCESS_KEY": "s", "AWS_PROFILE": "team"}, {}, None),
        ({"AWS_PROFILE": "team"}, {"access_key_id": "static", "secret_access_key": "s"}, None),
        ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9"}, {}, None),
        ({"AWS_SKIP_SIGNATURE": "true"}, {}, None),
    ],
)
def test_profiles_are_read_through_boto3(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], options: dict[str, str], source: str | None
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    provider = made("s3://b", options).credential_provider
    assert (provider and provider()["access_key_id"]) == source


@pytest.mark.usefixtures("profile")
def test_a_profile_brings_its_region() -> None:
    assert made("s3://b", {"profile": "team"}).credential_provider.config["region"] == "eu-west-1"


def test_a_profile_without_boto3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    monkeypatch.setenv("AWS_PROFILE", "team")
    sentence = (
        r"^store 's3://b': the AWS profile 'team' can only be read by boto3, which is not installed\. "
        r"Install boto3, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY\.$"
    )
    with pytest.raises(ConfigurationError, match=sentence):
        made("s3://b")


@pytest.mark.usefixtures("profile")
def test_shared_files_without_boto3_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    assert made("s3://b").credential_provider is None


def test_a_profile_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "team")
    sentence = (
        r"^store 's3://b': the AWS profile 'team' gives no credentials\. "
        r"Log in \(aws sso login --profile team\) or correct AWS_PROFILE\.$"
    )
    with pytest.raises(ConfigurationError, match=sentence):
        made("s3://b")


@pytest.mark.parametrize("scheme", ["http://", ""])
def test_gcs_emulator_from_the_environment(
    gcs_server: GcsXml, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", scheme + gcs_server.url.removeprefix("http://"))
    assert open_store(f"gs://{BUCKET}", SHORT).create("k", b"").outcome is Outcome.CREATED
    assert list(gcs_server.buckets[BUCKET].objects) == ["skylift/1/k"]


def test_an_emulator_gets_no_credentials_even_with_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "https://emulator.example")
    assert '"disable_oauth": true' in made("gs://b").config["service_account_key"]


def test_a_gcs_endpoint_with_tls_keeps_ones_credentials() -> None:
    config = made("gs://b", {"endpoint": "https://storage.example", "bearer_token": "t"}).config
    assert config["base_url"] == "https://storage.example"
    assert "service_account_key" not in config


@pytest.mark.parametrize(
    ("account", "key"),
    [
        ("AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_KEY"),
        ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT_KEY"),
    ],
)
@pytest.mark.timeout(300)
def test_azure_from_the_environment(
    azure_server: str, monkeypatch: pytest.MonkeyPatch, account: str, key: str
) -> None:
    from skylift_tests_support.azurite import ACCOUNT, KEY

    monkeypatch.setenv(account, ACCOUNT)
    monkeypatch.setenv(key, KEY)
    monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", azure_server)
    store = open_store(f"az://{BUCKET}/environment/{account}", SHORT)
    assert store.create("k", b"").outcome is Outcome.CREATED
