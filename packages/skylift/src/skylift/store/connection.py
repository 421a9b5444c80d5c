"""Making obstore's own store for a location: endpoints, credentials, patience."""

from __future__ import annotations

import json
import os
import re
import stat
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from skylift.store.location import Scheme
from skylift.store.options import Patience
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from obstore.store import (
        AzureStore,
        ClientConfig,
        GCSStore,
        LocalStore,
        MemoryStore,
        RetryConfig,
        S3Store,
    )

    from skylift.store.location import Location

    Store = AzureStore | GCSStore | LocalStore | MemoryStore | S3Store

CONNECT_TIMEOUT: Final = timedelta(seconds=5)
_ROLE_VARIABLES: Final = (
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
_CONNECTION: Final = frozenset({"profile", "request_timeout_s", "retry_timeout_s"})
_memories: Final[dict[str, MemoryStore]] = {}


def connect(location: Location, options: Mapping[str, str], request_timeout: timedelta) -> Store:
    """A store of obstore's, whose paths are relative to the location's root.

    Raises `FileNotFoundError` if a file store's folder is not there, and `ConfigurationError`
    if credentials or an account are asked for in a way that cannot work.
    """
    from obstore.exceptions import BaseError

    from skylift.store import forks

    forks.watch()
    try:
        return _made(location, options, request_timeout)
    except BaseError as error:
        raise ConfigurationError(
            f"it cannot be opened with these options: {_first_line(error)}",
            who=f"store {location.uri!r}",
            fix=_OPENING_FIXES.get(location.scheme, ""),
        ) from error


_OPENING_FIXES: Final = {
    Scheme.AZ: "Name the account with the option account_name or AZURE_STORAGE_ACCOUNT_NAME.",
    Scheme.GS: "Check service_account, service_account_key and GOOGLE_APPLICATION_CREDENTIALS.",
    Scheme.S3: "Check the options and the AWS_* variables.",
}


def _made(location: Location, options: Mapping[str, str], request_timeout: timedelta) -> Store:
    match location.scheme:
        case Scheme.FILE:
            return _file(location)
        case Scheme.MEMORY:
            return _memory(location)
        case Scheme.S3:
            return _s3(location, options, request_timeout)
        case Scheme.GS:
            return _gs(location, options, request_timeout)
        case Scheme.AZ:
            return _az(location, options, request_timeout)


def _file(location: Location) -> LocalStore:
    from obstore.store import LocalStore

    if not stat.S_ISDIR(Path(location.root).stat().st_mode):
        raise FileNotFoundError(location.root)
    return LocalStore(location.root)


def _memory(location: Location) -> MemoryStore:
    from obstore.store import MemoryStore

    return _memories.setdefault(location.name, MemoryStore())


def _s3(location: Location, options: Mapping[str, str], request_timeout: timedelta) -> S3Store:
    from obstore.store import S3Store

    endpoint = options.get("endpoint") or _variable("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
    config: dict[str, Any] = _config(options)
    if endpoint:
        # AWS_ENDPOINT_URL_S3 wins over `endpoint` inside obstore, so both are said.
        config |= {"endpoint": endpoint, "aws_endpoint_url_s3": endpoint}
        if not _variable("AWS_VIRTUAL_HOSTED_STYLE_REQUEST"):
            config["virtual_hosted_style_request"] = False
    return S3Store(
        location.name,
        prefix=location.root,
        config=config,  # pyright: ignore[reportArgumentType] -- a TypedDict, made from text
        client_options=_client(endpoint or _variable("AWS_ENDPOINT"), request_timeout),
        retry_config=_retry(options),
        credential_provider=_aws_profile(location, options),
    )


def _aws_profile(location: Location, options: Mapping[str, str]) -> Any:
    """Profiles, SSO and the shared files are read by boto3 alone; the rest obstore does itself."""
    static = "access_key_id" in options or _variable("AWS_ACCESS_KEY_ID", "AWS_SKIP_SIGNATURE")
    profile = options.get("profile") or (None if static else _variable("AWS_PROFILE"))
    if profile is not None:
        return _named_profile(location, profile)
    if static or _variable(*_ROLE_VARIABLES) or not _has_shared_files():
        return None
    return _default_profile()


def profile_credentials(location: Location, options: Mapping[str, str]) -> dict[str, str]:
    """The credentials of an AWS profile as variables; nothing where no profile is used."""
    provider = _aws_profile(location, options)
    found: Any = provider() if provider else {}
    return {
        name: found[key]
        for name, key in (
            ("AWS_ACCESS_KEY_ID", "access_key_id"),
            ("AWS_SECRET_ACCESS_KEY", "secret_access_key"),
            ("AWS_SESSION_TOKEN", "token"),
        )
        if found.get(key)
    }


def _named_profile(location: Location, profile: str) -> Any:
    who = f"store {location.uri!r}"
    try:
        return _boto3_provider(profile)
    except ImportError as error:
        raise ConfigurationError(
            f"the AWS profile {profile!r} can only be read by boto3, which is not installed",
            who=who,
            fix="Install boto3, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
        ) from error
    except _NoCredentialsError as error:
        raise ConfigurationError(
            f"the AWS profile {profile!r} gives no credentials",
            who=who,
            fix=f"Log in (aws sso login --profile {profile}) or correct AWS_PROFILE.",
        ) from error


def _default_profile() -> Any:
    """None where nobody asked for a profile and there is none: the machine may have a role."""
    try:
        return _boto3_provider(None)
    except (ImportError, _NoCredentialsError):
        return None


class _NoCredentialsError(Exception):
    pass


def _boto3_provider(profile: str | None) -> Any:
    import boto3  # pyright: ignore[reportMissingTypeStubs]
    from botocore.exceptions import BotoCoreError  # pyright: ignore[reportMissingTypeStubs]
    from obstore.auth.boto3 import Boto3CredentialProvider

    try:
        return Boto3CredentialProvider(boto3.Session(profile_name=profile))
    except (BotoCoreError, ValueError) as error:  # the provider's own for no credentials
        raise _NoCredentialsError from error


def _has_shared_files() -> bool:
    home = Path.home() / ".aws"
    places = {"AWS_SHARED_CREDENTIALS_FILE": home / "credentials", "AWS_CONFIG_FILE": home / "config"}
    return any(Path(_variable(name) or default).is_file() for name, default in places.items())


def _gs(location: Location, options: Mapping[str, str], request_timeout: timedelta) -> GCSStore:
    from obstore.store import GCSStore

    config: dict[str, Any] = _config(options)
    endpoint = config.pop("endpoint", None)
    emulator = _variable("STORAGE_EMULATOR_HOST") if endpoint is None else None
    if emulator and "://" not in emulator:
        emulator = f"http://{emulator}"
    base = (endpoint or emulator or "").rstrip("/")
    if base:
        config["base_url"] = base
    if emulator or base.startswith("http://"):
        config["service_account_key"] = _anonymous(base)
    return GCSStore(
        location.name,
        prefix=location.root,
        config=config,  # pyright: ignore[reportArgumentType] -- a TypedDict, made from text
        client_options=_client(base, request_timeout),
        retry_config=_retry(options),
    )


def _anonymous(base_url: str) -> str:
    """A service account's key that sends no token: object_store has no other way for writes."""
    return json.dumps(
        {
            "gcs_base_url": base_url,
            "disable_oauth": True,
            "client_email": "",
            "private_key": "",
            "private_key_id": "",
        }
    )


def _az(location: Location, options: Mapping[str, str], request_timeout: timedelta) -> AzureStore:
    from obstore.store import AzureStore

    config: dict[str, Any] = _config(options)
    # The names that Azure's own command line reads, which object_store does not.
    for name, variable, known in (
        ("account_name", "AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_ACCOUNT_NAME"),
        ("account_key", "AZURE_STORAGE_KEY", "AZURE_STORAGE_ACCOUNT_KEY"),
    ):
        if name not in config and not _variable(known) and (value := _variable(variable)):
            config[name] = value
    endpoint = options.get("endpoint") or _variable("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT")
    return AzureStore(
        location.name,
        prefix=location.root,
        config=config,  # pyright: ignore[reportArgumentType] -- a TypedDict, made from text
        client_options=_client(endpoint, request_timeout),
        retry_config=_retry(options),
    )


def endpoint_of(location: Location, options: Mapping[str, str]) -> str:
    """The address that was configured in place of the service's own; empty where none was."""
    variables = _ENDPOINTS.get(location.scheme, ())
    return options.get("endpoint") or _variable(*variables) or ""


_ENDPOINTS: Final[Mapping[Scheme, tuple[str, ...]]] = {
    Scheme.S3: ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
    Scheme.GS: ("STORAGE_EMULATOR_HOST",),
    Scheme.AZ: ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"),
}


def _config(options: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in options.items() if name not in _CONNECTION}


def _client(endpoint: str | None, request_timeout: timedelta) -> ClientConfig:
    plain = (endpoint or "").startswith("http://") or _variable("AWS_ALLOW_HTTP") in {"true", "1"}
    return {
        "allow_http": plain,
        "timeout": request_timeout,
        "connect_timeout": min(CONNECT_TIMEOUT, request_timeout),
    }


def _retry(options: Mapping[str, str]) -> RetryConfig:
    return {
        "retry_timeout": Patience.of(options).retry,
        "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=3)},
    }


def _variable(*names: str) -> str | None:
    """The first of these environment variables that is set and not empty."""
    return next((value for name in names if (value := os.environ.get(name))), None)


def _first_line(error: Exception) -> str:
    return re.sub(r"^Generic \w+ error: ", "", str(error).partition("\n")[0].rstrip("."))
