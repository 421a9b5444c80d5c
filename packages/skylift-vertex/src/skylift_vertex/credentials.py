"""As whom Google is called: a key file's account, the application's default, or an account in its place.

Imports google.auth when it is first used.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Protocol

from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

SCOPES: Final = ("https://www.googleapis.com/auth/cloud-platform",)
IN_A_JOB: Final = "CLOUD_ML_JOB_ID"
"""Set in every job: one is called as its own account, for a key file is where its run was submitted."""

TOKEN_S: Final = 3600


class Identity(Protocol):
    """The orchestrator's options of these names."""

    @property
    def key_file(self) -> str | None: ...
    @property
    def impersonate(self) -> str | None: ...


def find(identity: Identity, environment: Mapping[str, str] | None = None) -> Any:
    """Credentials that renew themselves.

    Raises `ConfigurationError` for a key file that is none, and whatever google.auth raises where there
    are no credentials at all.
    """
    auth: Any = import_module("google.auth")
    if IN_A_JOB in (os.environ if environment is None else environment):
        return auth.default(scopes=SCOPES)[0]
    found = _of_file(identity.key_file) if identity.key_file else auth.default(scopes=SCOPES)[0]
    return _impersonated(found, identity.impersonate) if identity.impersonate else found


def nobody() -> Any:
    """For an endpoint that is asked in the open: no token is sent there."""
    anonymous: Any = import_module("google.auth.credentials")
    return anonymous.AnonymousCredentials()


def _of_file(path: str) -> Any:
    account: Any = import_module("google.oauth2.service_account")
    try:
        return account.Credentials.from_service_account_file(path, scopes=SCOPES)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"it is no key of a service account: {error}",
            who="VertexOrchestratorConfig.key_file",
            value=path,
            fix="Name a JSON key: gcloud iam service-accounts keys create FILE --iam-account=…",
        ) from error


def _impersonated(source: Any, account: str) -> Any:
    impersonated: Any = import_module("google.auth.impersonated_credentials")
    return impersonated.Credentials(source, account, target_scopes=list(SCOPES), lifetime=TOKEN_S)
