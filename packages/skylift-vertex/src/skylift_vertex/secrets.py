"""Secrets of Google's Secret Manager, by references such as `gcp-sm:my-project/token`."""

from __future__ import annotations

import base64
import os
import re
from importlib import import_module
from typing import Any, Final

from skylift_contract.errors import ConfigurationError
from skylift_vertex import credentials
from skylift_vertex.sdk_errors import failure, refusal

MANAGER: Final = "https://secretmanager.googleapis.com"
EMULATOR_ENV: Final = "SECRET_MANAGER_EMULATOR_HOST"
"""A URL in place of it, which is asked without credentials."""

OPERATION: Final = "secretmanager:AccessSecretVersion"
TIMEOUT_S: Final = 60
_NAME: Final = re.compile(r"([^/]+)/([A-Za-z0-9_-]{1,255})(?:/(\d+|[A-Za-z][A-Za-z0-9_-]*))?")


class Here:
    """As whom this process is known to Google: in a job, its service account."""

    key_file = None
    impersonate = None


def look_up(name: str) -> str:
    """The text of `PROJECT/SECRET`, or of one version of it: `PROJECT/SECRET/3`.

    Raises `ConfigurationError` for what is no such name, or is bytes; `NotFound`, `PermissionDenied`.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise ConfigurationError(
            "it names no secret",
            who=f"secret 'gcp-sm:{name}'",
            fix="Write gcp-sm:PROJECT/SECRET, or gcp-sm:PROJECT/SECRET/VERSION.",
        )
    project, secret, version = match.groups()
    content = _accessed(f"/v1/projects/{project}/secrets/{secret}/versions/{version or 'latest'}:access")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise ConfigurationError("it is bytes, and no text", who=f"secret 'gcp-sm:{name}'") from None


def _accessed(path: str) -> bytes:
    host = os.environ.get(EMULATOR_ENV)
    requests: Any = import_module("google.auth.transport.requests")
    try:
        found = credentials.nobody() if host else credentials.find(Here())
        answer = requests.AuthorizedSession(found).get(f"{host or MANAGER}{path}", timeout=TIMEOUT_S)
    except Exception as error:
        raise failure(error, OPERATION) or error from error
    body: dict[str, Any] = answer.json()
    if not answer.ok:
        raise refusal(answer.status_code, str(body.get("error", {}).get("message", "")), OPERATION)
    return base64.b64decode(body["payload"]["data"])
