"""Each sentence, produced by the real library against a real socket."""

from __future__ import annotations

import errno
import os
import re
import socket
from typing import TYPE_CHECKING, Any

import pytest
from skylift_tests_support.stores import BUCKET, S3_OPTIONS

from skylift.store.location import Location, open_store
from skylift.store.refusals import refusal
from skylift.store.transport import OutcomeUnknown
from skylift_contract.errors import ConfigurationError, StoreUnavailable
from skylift_testkit.emulator.gcs import HttpFault

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from skylift.store.objects import ObjectStore
    from skylift_testkit.emulator.gcs import GcsXml

QUICK = {"request_timeout_s": "0.4", "retry_timeout_s": "0.2"}
GS_CREDENTIALS = "Run gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS."
CALLS: dict[str, Callable[[ObjectStore], object]] = {
    "writing a/b": lambda store: store.transport.put_new("a/b", b""),
    "uploading a/b": lambda store: store.transport.upload("a/b", b""),
    "reading a/b": lambda store: store.get("a/b"),
    "looking at a/b": lambda store: store.exists("a/b"),
    "listing it": lambda store: store.list(""),
    "deleting a/b": lambda store: store.delete(["a/b"]),
}


def sentence(store: ObjectStore, call: Callable[[ObjectStore], object]) -> str:
    with pytest.raises(StoreUnavailable) as caught:
        call(store)
    assert "Debug source" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def quick_gcs(gcs_server: GcsXml, clean_environment: None) -> ObjectStore:
    return open_store(f"gs://{BUCKET}", QUICK | {"endpoint": gcs_server.url})


@pytest.mark.parametrize("doing", CALLS)
def test_a_missing_bucket_on_each_operation(gcs_server: GcsXml, clean_environment: None, doing: str) -> None:
    store = open_store("gs://nowhere", QUICK | {"endpoint": gcs_server.url})
    assert sentence(store, CALLS[doing]) == (
        f"store gs://nowhere at {gcs_server.url}: there is no such bucket. "
        "Create 'nowhere' (Skylift never does), or correct the name."
    )


def test_a_missing_s3_bucket(s3_server: str, clean_environment: None) -> None:
    store = open_store("s3://nowhere", S3_OPTIONS | {"endpoint": s3_server})
    for call in CALLS.values():
        assert sentence(store, call).startswith(
            f"store s3://nowhere at {s3_server}: there is no such bucket. Create 'nowhere'"
        )


@pytest.mark.timeout(300)
def test_a_missing_container(azure_store: ObjectStore, azure_server: str) -> None:
    from skylift_tests_support.azurite import ACCOUNT, KEY

    account = {"account_name": ACCOUNT, "account_key": KEY, "endpoint": azure_server}
    store = open_store("az://nowhere", QUICK | account)
    for doing, call in CALLS.items():
        if doing != "deleting a/b":  # a batch answers for each blob by itself, and says "not found" for both
            expected = f"store az://nowhere at {azure_server}: there is no such container. Create"
            assert sentence(store, call).startswith(expected)


@pytest.mark.timeout(300)
def test_a_wrong_azure_key(azure_server: str, clean_environment: None) -> None:
    account = {"account_name": "devstoreaccount1", "account_key": "d3Jvbmc=", "endpoint": azure_server}
    said = sentence(open_store(f"az://{BUCKET}", QUICK | account), CALLS["writing a/b"])
    assert said == (  # Azurite's code; the service's own is AuthenticationFailed
        f"store az://{BUCKET} at {azure_server}: the credentials do not permit writing a/b (AuthorizationFailure). "
        "Check which ones are used; assign Storage Blob Data Contributor on the container."
    )


@pytest.mark.parametrize("doing", CALLS)
def test_credentials_that_do_not_suffice(gcs_server: GcsXml, quick_gcs: ObjectStore, doing: str) -> None:
    gcs_server.denial = (403, "AccessDenied")
    code = "" if doing == "looking at a/b" else " (AccessDenied)"  # a HEAD has no body to say it in
    assert sentence(quick_gcs, CALLS[doing]) == (
        f"store gs://{BUCKET} at {gcs_server.url}: the credentials do not permit {doing}{code}. "
        "Check which ones are used; grant roles/storage.objectUser on the bucket."
    )


@pytest.mark.parametrize("doing", CALLS)
@pytest.mark.parametrize("denial", [(401, "AuthenticationRequired"), (403, "InvalidToken")])
def test_credentials_that_are_refused(
    gcs_server: GcsXml, quick_gcs: ObjectStore, doing: str, denial: tuple[int, str]
) -> None:
    gcs_server.denial = denial
    if denial[0] == 403 and doing == "looking at a/b":
        return  # indistinguishable, see above
    code = "" if doing == "looking at a/b" else f" ({denial[1]})"
    assert sentence(quick_gcs, CALLS[doing]) == (
        f"store gs://{BUCKET} at {gcs_server.url}: it does not accept the credentials{code}. {GS_CREDENTIALS}"
    )


@pytest.mark.parametrize("doing", CALLS)
def test_a_service_that_is_down(gcs_server: GcsXml, quick_gcs: ObjectStore, doing: str) -> None:
    gcs_server.denial = (503, "SlowDown")
    code = "" if doing == "looking at a/b" else " (SlowDown)"
    assert sentence(quick_gcs, CALLS[doing]) == (
        f"store gs://{BUCKET} at {gcs_server.url}: it answered 503 to every try of {doing}{code}. Try again later."
    )
    assert len(gcs_server.requests) > 1


def test_credentials_that_have_expired(gcs_server: GcsXml, clean_environment: None) -> None:
    """As S3 says it: with 400, and a HEAD is answered without the code."""
    gcs_server.denial = (400, "ExpiredToken")
    store = open_store(f"s3://{BUCKET}", QUICK | S3_OPTIONS | {"endpoint": gcs_server.url})
    who = f"store s3://{BUCKET} at {gcs_server.url}"
    assert sentence(store, CALLS["looking at a/b"]) == (
        f"{who}: it answered 400 to looking at a/b and could not say why; expired credentials are answered so. "
        "Log in anew (aws sso login) or renew the credentials, and try again; else check the endpoint and the "
        "options."
    )
    assert sentence(store, CALLS["reading a/b"]).startswith(
        f"{who}: it does not accept the credentials (ExpiredToken). "
    )


def test_an_answer_that_nobody_knows(gcs_server: GcsXml, quick_gcs: ObjectStore) -> None:
    gcs_server.denial = (400, "Whatever")
    assert sentence(quick_gcs, CALLS["reading a/b"]) == (
        f"store gs://{BUCKET} at {gcs_server.url}: reading a/b failed (Whatever). "
        "Check the endpoint and the options; --debug shows its words."
    )


def test_only_a_write_that_may_have_been_made_is_of_unknown_outcome(
    gcs_server: GcsXml, quick_gcs: ObjectStore
) -> None:
    gcs_server.denial = (503, "SlowDown")
    with pytest.raises(OutcomeUnknown):
        CALLS["writing a/b"](quick_gcs)
    gcs_server.denial = (403, "AccessDenied")
    with pytest.raises(StoreUnavailable) as caught:
        CALLS["writing a/b"](quick_gcs)
    assert type(caught.value) is StoreUnavailable


def test_an_answer_that_does_not_come(gcs_server: GcsXml, quick_gcs: ObjectStore) -> None:
    gcs_server.faults.append(HttpFault.STORE_THEN_HANG)
    with pytest.raises(OutcomeUnknown) as caught:
        CALLS["writing a/b"](quick_gcs)
    assert str(caught.value) == (
        f"store gs://{BUCKET} at {gcs_server.url}: it did not answer in time. "
        "Try again; check the network, or raise request_timeout_s."
    )


def test_nobody_listens(clean_environment: None) -> None:
    with socket.socket() as bound:  # bound and not listening: refused
        bound.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{bound.getsockname()[1]}"
        store = open_store("s3://b", S3_OPTIONS | QUICK | {"endpoint": endpoint})
        assert sentence(store, CALLS["reading a/b"]) == (
            f"store s3://b at {endpoint}: it cannot be reached. Check endpoint, network and proxy."
        )


def test_no_such_host(clean_environment: None) -> None:
    store = open_store("s3://b", S3_OPTIONS | QUICK | {"endpoint": "http://nowhere.invalid"})
    assert sentence(store, CALLS["reading a/b"]) == (
        "store s3://b at http://nowhere.invalid: its host name cannot be found. Check the endpoint and the network."
    )


def test_an_endpoint_of_the_environment_is_named(
    clean_environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://nowhere.invalid")
    options = {name: value for name, value in S3_OPTIONS.items() if name != "endpoint"}
    assert sentence(open_store("s3://b", options | QUICK), CALLS["listing it"]).startswith(
        "store s3://b at http://nowhere.invalid: its host name cannot be found."
    )


def test_no_credentials_at_all(clean_environment: None) -> None:
    """Not by asking: the address that would be asked is not this machine's."""
    from obstore.exceptions import GenericError

    text = "Generic S3 error: Error performing PUT http://169.254.169.254/latest/api/token in 1s - HTTP error"
    said = refusal(Location.parse("s3://b"), GenericError(text), "reading a/b")
    assert str(said) == (
        "store s3://b: no credentials could be had for it. Set AWS_PROFILE (read with boto3) or "
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role."
    )


def test_another_region() -> None:
    from obstore.exceptions import GenericError

    text = "Received redirect without LOCATION, this normally indicates an incorrectly configured region"
    assert str(refusal(Location.parse("s3://b"), GenericError(text), "reading a/b")) == (
        "store s3://b: the bucket is in another region. "
        "Set AWS_REGION, or the option region, to the region of the bucket."
    )


@pytest.mark.parametrize(
    ("uri", "options", "what"),
    [
        ("az://c", {}, "Account must be specified. Name the account with the option account_name or "),
        ("gs://b", {"service_account_key": "{}"}, "GCP credential error: .* Check service_account, "),
    ],
)
def test_options_that_open_nothing(
    clean_environment: None, uri: str, options: dict[str, str], what: str
) -> None:
    with pytest.raises(
        ConfigurationError,
        match=rf"^store '{re.escape(uri)}': it cannot be opened with these options: {what}",
    ):
        open_store(uri, options).get("a/b")


def test_a_file_store_names_the_operating_systems_reason(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file")
    store = open_store(f"file://{tmp_path}/store")
    assert sentence(store, CALLS["writing a/b"]) == (
        f"store file://{tmp_path}/store: making its folder failed: a file stands where a folder is needed. "
        "Move it away, or use another folder."
    )


def test_a_folder_whose_parent_may_not_be_entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's own answer, which a test that runs as root does not get by a folder's mode."""
    closed = tmp_path / "closed"

    def refuse(path: Any, *args: Any, **options: Any) -> os.stat_result:
        if str(path).startswith(str(closed)):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return real(path, *args, **options)

    real = os.stat
    monkeypatch.setattr(os, "stat", refuse)
    store = open_store(f"file://{closed}/store")
    for doing in ("looking at a/b", "uploading a/b"):
        said = sentence(store, CALLS[doing])
        assert f"this user (uid {os.getuid()}) may not do so in {tmp_path}. " in said
