"""Fixtures: a fresh, empty store of each kind, against the real client library.

`any_store` runs a test on all five. Import the fixtures in a `conftest.py`.
"""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from skylift.store.location import open_store
from skylift_testkit.emulator.gcs import GcsXml
from skylift_tests_support.azurite import ACCOUNT, KEY, azurite, create_container

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from skylift.store.objects import ObjectStore

BUCKET = "skylift-tests"
SHORT = {"request_timeout_s": "20", "retry_timeout_s": "2"}
S3_OPTIONS = SHORT | {
    "access_key_id": "test",
    "secret_access_key": "test",
    "region": "us-east-1",
}
_FOREIGN = ("AWS_", "AZURE_", "GOOGLE_", "STORAGE_EMULATOR_HOST", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No cloud of the person who runs the tests, and no proxy before loopback."""
    import os

    for name in os.environ:
        if name.upper().startswith(_FOREIGN):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-aws-credentials"))


@pytest.fixture
def file_store(tmp_path: Path) -> ObjectStore:
    return open_store(f"file://{tmp_path}/store")


@pytest.fixture
def memory_store() -> ObjectStore:
    return open_store(f"memory://{uuid4().hex}")


@pytest.fixture(scope="session")
def s3_server() -> Generator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    request = urllib.request.Request(f"http://{host}:{port}/{BUCKET}", method="PUT")
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request):
        yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_store(s3_server: str, clean_environment: None) -> ObjectStore:
    return open_store(f"s3://{BUCKET}/{uuid4().hex}", S3_OPTIONS | {"endpoint": s3_server})


@pytest.fixture(scope="session")
def azure_server() -> Generator[str]:
    with azurite() as endpoint:
        create_container(endpoint, BUCKET)
        yield endpoint


@pytest.fixture
def azure_store(azure_server: str, clean_environment: None) -> ObjectStore:
    account = {"account_name": ACCOUNT, "account_key": KEY, "endpoint": azure_server}
    return open_store(f"az://{BUCKET}/{uuid4().hex}", SHORT | account)


@pytest.fixture
def gcs_server() -> Generator[GcsXml]:
    with GcsXml(BUCKET) as server:
        yield server


@pytest.fixture
def gcs_store(gcs_server: GcsXml, clean_environment: None) -> ObjectStore:
    return open_store(f"gs://{BUCKET}/{uuid4().hex}", SHORT | {"endpoint": gcs_server.url})


@pytest.fixture(
    params=[
        "file_store",
        "memory_store",
        "s3_store",
        # npm installs Azurite the first time.
        pytest.param("azure_store", marks=pytest.mark.timeout(300)),
        "gcs_store",
    ],
    ids=lambda name: str(name).removesuffix("_store"),
)
def any_store(request: pytest.FixtureRequest) -> ObjectStore:
    store: ObjectStore = request.getfixturevalue(request.param)
    return store
