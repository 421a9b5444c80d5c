"""What can be said about a store besides its URI, and how long it is waited for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from skylift.store.location import Scheme
from skylift.url_passwords import refuse_passwords
from skylift_contract.errors import ConfigurationError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift.store.location import Location

PATIENCE: Final = frozenset({"request_timeout_s", "retry_timeout_s"})

OPTIONS: Final[Mapping[Scheme, frozenset[str]]] = {
    Scheme.FILE: frozenset(),
    Scheme.MEMORY: frozenset(),
    Scheme.S3: PATIENCE
    | {"endpoint", "region", "profile", "access_key_id", "secret_access_key", "session_token"},
    Scheme.GS: PATIENCE | {"endpoint", "service_account", "service_account_key", "bearer_token"},
    Scheme.AZ: PATIENCE
    | {"endpoint", "account_name", "account_key", "sas_key", "client_id", "client_secret", "tenant_id"},
}
"""The options of each scheme. What is left out is taken from the environment:

`s3`: AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL, AWS_REGION, AWS_PROFILE, AWS_ACCESS_KEY_ID and its like.
`gs`: STORAGE_EMULATOR_HOST (an emulator: no credentials are sent), GOOGLE_APPLICATION_CREDENTIALS,
GOOGLE_SERVICE_ACCOUNT. An `endpoint` with `http://` counts as an emulator too.
`az`: AZURE_STORAGE_ACCOUNT_NAME or AZURE_STORAGE_ACCOUNT, AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_KEY,
AZURE_STORAGE_SAS_TOKEN, AZURE_STORAGE_ENDPOINT, AZURE_CLIENT_ID and its like.

An `http://` endpoint is spoken to without TLS; that is said by writing it.
"""

FOR_STEPS: Final = PATIENCE | {"endpoint", "region", "account_name"}
"""The options that steps on other machines are given; all others say who this machine is."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a remote store is waited for.

    Args:
        request: For one request that carries a record. One that carries a part of a large object
            gets fifteen times as much.
        retry: After so long no further try is begun.
    """

    request: timedelta = timedelta(seconds=15)
    retry: timedelta = timedelta(seconds=15)

    @classmethod
    def of(cls, options: Mapping[str, str]) -> Patience:
        """Raises `ConfigurationError` for what is no positive number of seconds."""
        given = {name: _seconds(name, options[name]) for name in PATIENCE & options.keys()}
        return cls(given.get("request_timeout_s", cls().request), given.get("retry_timeout_s", cls().retry))


SECRET_OPTIONS: Final = frozenset(
    {
        *("secret_access_key", "session_token", "service_account_key", "bearer_token"),
        *("account_key", "sas_key", "client_secret"),
    }
)
"""Those whose values are shown and kept nowhere."""


def check_options(location: Location, options: Mapping[str, str]) -> Mapping[str, str]:
    """Return the options as they are.

    Raises `UnknownName` for the first that the scheme has not, `ConfigurationError` for one
    that holds user:password@, or is no number of seconds where it has to be.
    """
    known = OPTIONS[location.scheme]
    for name, value in options.items():
        if name not in known:
            raise UnknownName("option", name, sorted(known), who=f"store {location.uri!r}")
        if name not in SECRET_OPTIONS:
            refuse_passwords(value, f"store {location.uri!r}, {name}")
    Patience.of(options)
    return options


def _seconds(name: str, text: str) -> timedelta:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= 3600:
        raise ConfigurationError("it is no number of seconds", who=name, value=text, limit="over 0, to 3600")
    return timedelta(seconds=seconds)
