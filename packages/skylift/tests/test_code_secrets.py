from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from skylift.code_secrets import is_secret, refuse_secrets
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

PRIVATE = b"-----BEGIN RSA PRIVATE KEY-----\nabc\n"
CERTIFICATE = b"-----BEGIN CERTIFICATE-----\nabc\n"
ACCOUNT = b'{"type": "service_account", "private_key": "-----BEGIN PRIVATE KEY-----\\nabc"}'


@pytest.mark.parametrize(
    ("name", "data"),
    [
        (".env", b""),
        ("deploy/.ENV.production", b"A=1"),
        ("keys/id_ed25519", b""),
        ("credentials.json", b"{}"),
        ("infra/prod.tfstate", b"{}"),
        (".vault-token", b"hvs.abc"),
        (".aws/credentials", b""),
        ("home/.kube/config", b""),
        ("server.pem", b""),
        ("server.pem", CERTIFICATE + PRIVATE),
        ("notes", PRIVATE),
        ("notes.txt", b"\n-----BEGIN OPENSSH PRIVATE KEY-----\n"),
        ("notes.txt", b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n"),
        ("robot.json", ACCOUNT),
    ],
)
def test_what_looks_like_a_secret(name: str, data: bytes) -> None:
    assert is_secret(name, data)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        (".env.example", b"TOKEN="),
        ("environment.py", b""),
        ("id_rsa.pub", b"ssh-rsa abc"),
        ("ca.pem", CERTIFICATE),
        ("credentials.py", b"def load(): ..."),
        ("aws/credentials", b""),
        ("test_keys.py", b'KEY = """' + PRIVATE),
        ("data.json", b'{"private_key": null}'),
        (".env.d/settings.py", b""),
    ],
)
def test_what_does_not(name: str, data: bytes) -> None:
    assert not is_secret(name, data)


def test_the_refusal_names_the_first_three_and_the_ways_out(tmp_path: Path) -> None:
    files = {f"{n}/id_rsa": b"" for n in "abcd"}
    with pytest.raises(ConfigurationError) as error:
        refuse_secrets(files, [], tmp_path)
    assert str(error.value) == (
        f"source {tmp_path}: it holds what looks like a secret, and is sent to every step and kept in the "
        f"store (got 'a/id_rsa, b/id_rsa, c/id_rsa and 1 more'). Name it in {tmp_path}/.skyliftignore, and "
        "let the step read it from its environment; what is none is taken by the line !a/id_rsa there."
    )


def test_what_is_allowed_expressly_is_taken(tmp_path: Path) -> None:
    refuse_secrets({"a/id_rsa": b"", "a.py": b""}, ["a/id_rsa"], tmp_path)
