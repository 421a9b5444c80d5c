from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift.launch.known_variables import SECRET_NAME, secret_values

LONG = "0123456789abcdef"


def known(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> set[str]:
    monkeypatch.setenv(name, value)
    return {found for variable, found in secret_values() if variable == name}


@pytest.mark.parametrize(
    "name",
    [
        *("GITHUB_PAT", "MYSQL_PWD", "SMTP_PASS", "REGISTRY_CREDENTIALS", "AWS_CREDENTIAL", "DB_PASSWORD"),
        *("API_TOKEN", "TOKEN", "OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD", "CLIENT_SECRET"),
    ],
)
def test_a_name_that_says_it(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert known(monkeypatch, name, LONG) == {LONG}
    assert known(monkeypatch, name, "short") == set()


@pytest.mark.parametrize(
    "name",
    ["PATH", "PWD", "OLDPWD", "COMPASS", "PASS", "KEYMAP", "DSN_HOST", "BYPASS", "TOKENIZERS_PARALLELISM"],
)
def test_a_name_that_does_not(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert known(monkeypatch, name, LONG) == set()


@pytest.mark.parametrize(
    ("name", "value", "secrets"),
    [
        ("DATABASE_URL", "postgres://me:hunter2-and-3@host/db", {"hunter2-and-3"}),
        ("ANY", "postgres://me:p%40ss-w0rd@host/db", {"p%40ss-w0rd", "p@ss-w0rd"}),
        ("HTTPS_PROXY", "http://me:hunter2-and-3@proxy:8080", {"hunter2-and-3"}),
        ("DATABASE_URL", "postgres://postgres:postgres@localhost/db", set[str]()),
        ("DATABASE_URL", "postgres://localhost/database", set[str]()),
        ("SENTRY_DSN", f"https://{LONG}@sentry.example/1", {LONG}),
        ("MY_DSN", "host=db user=me password=hunter2-and-3", {"hunter2-and-3"}),
        ("CONNECTION_STRING", f"AccountName=a;AccountKey={LONG}==;Endpoint=x", {f"{LONG}=="}),
        ("AZURE_STORAGE_CONNECTION_STRING", "UseDevelopmentStorage=true", set[str]()),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/not/here/key.json", set[str]()),
        ("IMAGE", "image:tag@sha256:0123456789abcdef", set[str]()),
    ],
)
def test_within_a_url_or_a_connection_string(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, secrets: set[str]
) -> None:
    assert known(monkeypatch, name, value) == secrets


@given(st.sampled_from(["pat", "pwd", "pass", "credentials"]), st.text("ABC_", min_size=1))
def test_what_was_added_needs_a_name_before_it(end: str, before: str) -> None:
    assert SECRET_NAME.fullmatch(f"{before}_{end}")
    assert not SECRET_NAME.fullmatch(end)
