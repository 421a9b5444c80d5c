from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift.url_passwords import STARS, has_password, passwords_in, refuse_passwords, without_passwords
from skylift_contract.errors import ConfigurationError

WORDS = st.text("abcXYZ089+=_-", min_size=1)


@given(st.sampled_from(["http", "s3", "postgresql+psycopg"]), WORDS, WORDS, WORDS)
def test_a_password_in_a_url_is_found_and_hidden(scheme: str, user: str, password: str, host: str) -> None:
    url = f"{scheme}://{user}:{password}@{host}/path"
    assert list(passwords_in(url)) == [password]
    assert without_passwords(f"at {url}") == f"at {scheme}://{user}:{STARS}@{host}/path"


@pytest.mark.parametrize(
    ("text", "password"),
    [
        ("user:pw12345678@ghcr.io/x", "pw12345678"),
        ("s3://AKIA:abc/def+g@bucket/path", "abc/def+g"),
        ("redis://:hunter2@host", "hunter2"),
        ("https://user:p@ss@host", "p@ss"),
    ],
)
def test_however_it_is_written(text: str, password: str) -> None:
    assert list(passwords_in(text)) == [password]


@pytest.mark.parametrize(
    "text",
    [
        "ghcr.io/company/image:tag@sha256:0123",
        "image:3.11@sha256:0123",
        "http://host:9000/user@company",
        "http://[::1]:9000/user@company",
        "arn:aws:sts::123456789012:assumed-role/me/jane@company.com",
        "serviceAccount:name@project.iam.gserviceaccount.com",
        "file:///data/a:b@c/store",
        "https://${env:USER}:${env:PASSWORD}@host",
        "${env:USER}@host",
    ],
)
def test_what_holds_none(text: str) -> None:
    assert not has_password(text)
    assert without_passwords(text) == text


@pytest.mark.parametrize("value", [["http://a:hunter2@h"], {"x": {"y": "http://a:hunter2@h"}}])
def test_wherever_it_stands_the_refusal_does_not_say_it(value: Any) -> None:
    with pytest.raises(
        ConfigurationError, match=r"^option: it holds user:password@, which all who see it can read\. Leave "
    ) as raised:
        refuse_passwords(value, "option")
    assert "hunter2" not in str(raised.value)
