from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from skylift_contract.errors import ConfigurationError
from skylift_vertex import credentials

ACCOUNT = "caller@my-project.iam.gserviceaccount.com"
USER = {"type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "t"}


@dataclass
class Asked:
    key_file: str | None = None
    impersonate: str | None = None


@pytest.fixture
def default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an application's default credentials are: a user's, as gcloud writes them."""
    path = tmp_path / "default.json"
    path.write_text(json.dumps(USER))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    monkeypatch.setenv("GOOGLE_CLOUD_QUOTA_PROJECT", "my-project")


@pytest.fixture
def key(tmp_path: Path) -> str:
    """A key of a service account, made here and nobody's."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    made = rsa.generate_private_key(65537, 2048)
    text = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    path = tmp_path / "key.json"
    found = {
        "type": "service_account",
        "client_email": ACCOUNT,
        "token_uri": "https://t.example",
        "private_key": text,
    }
    path.write_text(json.dumps(found))
    return str(path)


def test_without_options_it_is_the_applications_default(default: None) -> None:
    assert credentials.find(Asked()).refresh_token == "t"


def test_a_key_file_wins(default: None, key: str) -> None:
    found = credentials.find(Asked(key_file=key))
    assert found.service_account_email == ACCOUNT
    assert list(found.scopes) == list(credentials.SCOPES)


def test_another_account_is_taken_in_its_place(default: None) -> None:
    found = credentials.find(Asked(impersonate=ACCOUNT))
    assert found.service_account_email == ACCOUNT
    assert found._source_credentials.refresh_token == "t"


def test_in_a_job_it_is_the_jobs_own(default: None) -> None:
    """Its submitter's key file is not there, and its account need not be able to be another."""
    inside = {"CLOUD_ML_JOB_ID": "77"}
    found = credentials.find(Asked(key_file="/nowhere.json", impersonate=ACCOUNT), inside)
    assert found.refresh_token == "t"


@pytest.mark.parametrize("content", [None, "not json", json.dumps(USER)])
def test_what_is_no_key_is_refused(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "key.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigurationError) as caught:
        credentials.find(Asked(key_file=str(path)))
    sentence = str(caught.value)
    assert sentence.startswith("VertexOrchestratorConfig.key_file: it is no key of a service account: ")
    assert sentence.endswith("Name a JSON key: gcloud iam service-accounts keys create FILE --iam-account=…")
