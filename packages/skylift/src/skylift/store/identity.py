"""What this machine reaches a store with, as the variables that give another process the same."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from skylift.store.connection import endpoint_of, profile_credentials
from skylift.store.location import Location, Scheme
from skylift.store.options import PATIENCE
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLES: Final[Mapping[Scheme, Mapping[str, str]]] = {
    Scheme.FILE: {},
    Scheme.MEMORY: {},
    Scheme.S3: {
        "AWS_ENDPOINT_URL_S3": "endpoint",
        "AWS_ENDPOINT_URL": "",
        "AWS_REGION": "region",
        "AWS_DEFAULT_REGION": "",
        "AWS_ACCESS_KEY_ID": "access_key_id",
        "AWS_SECRET_ACCESS_KEY": "secret_access_key",
        "AWS_SESSION_TOKEN": "session_token",
    },
    Scheme.GS: {
        "STORAGE_EMULATOR_HOST": "",
        "GOOGLE_APPLICATION_CREDENTIALS": "",
        "GOOGLE_SERVICE_ACCOUNT": "service_account",
        "GOOGLE_SERVICE_ACCOUNT_KEY": "service_account_key",
    },
    Scheme.AZ: {
        "AZURE_STORAGE_ENDPOINT": "endpoint",
        "AZURE_STORAGE_ACCOUNT_NAME": "account_name",
        "AZURE_STORAGE_ACCOUNT": "",
        "AZURE_STORAGE_ACCOUNT_KEY": "account_key",
        "AZURE_STORAGE_KEY": "",
        "AZURE_STORAGE_SAS_TOKEN": "sas_key",
        "AZURE_CLIENT_ID": "client_id",
        "AZURE_CLIENT_SECRET": "client_secret",
        "AZURE_TENANT_ID": "tenant_id",
    },
}
"""Scheme → variable → the store's option that stands for it; empty where none does."""

FILES: Final = ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_SERVICE_ACCOUNT")
"""Variables whose values are files of this machine."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Variables, which hold secrets; the files among their values; the service's address, if one is set."""

    variables: Mapping[str, str]
    files: tuple[str, ...]
    endpoint: str

    def __repr__(self) -> str:
        return f"Identity({', '.join(self.variables)})"

    @property
    def is_on_loopback(self) -> bool:
        """Whether the service is reached through an address that means another machine elsewhere."""
        address = self.endpoint if "://" in self.endpoint else f"//{self.endpoint}"
        host = urlsplit(address).hostname or ""
        return host in {"localhost", "::1"} or host.startswith("127.")


def identity(uri: str, options: Mapping[str, str]) -> Identity:
    """What a store's options say, and this environment where they say nothing.

    An AWS profile is read here: its credentials may be good for a while only. Raises
    `ConfigurationError` for an option that no variable stands for.
    """
    location = Location.parse(uri)
    names = VARIABLES[location.scheme]
    _check_known(uri, options, names)
    found = {name: options.get(option) or os.environ.get(name, "") for name, option in names.items()}
    if location.scheme is Scheme.S3:
        found |= profile_credentials(location, options)
    variables = {name: value for name, value in found.items() if value}
    files = tuple(variables[name] for name in FILES if name in variables)
    return Identity(variables, files, endpoint_of(location, options))


def _check_known(uri: str, options: Mapping[str, str], names: Mapping[str, str]) -> None:
    known = {*names.values(), *PATIENCE, "profile", "endpoint"}
    for name in options:
        if name not in known:
            raise ConfigurationError(
                "no environment variable stands for it, so it cannot be handed to another process",
                who=f"store {uri!r}, option {name!r}",
                fix=f"Use another of its ways to log in: {', '.join(name for name in names)}.",
            )
