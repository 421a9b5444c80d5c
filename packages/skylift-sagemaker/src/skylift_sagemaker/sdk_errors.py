"""What AWS and its SDK say → the contract's errors. By their codes and names, so it imports no SDK."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from skylift_contract.errors import (
    AuthenticationError,
    BackendError,
    ConfigurationError,
    NotFound,
    PermissionDenied,
    QuotaExceeded,
    SkyliftError,
    Transient,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_CODES: Final[Mapping[type[BackendError], tuple[str, ...]]] = MappingProxyType(
    {
        AuthenticationError: (
            *("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"),
            *("InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure", "InvalidAccessKeyId"),
            *("MissingAuthenticationToken", "MissingAuthenticationTokenException", "RequestExpired"),
            *("IncompleteSignature", "IncompleteSignatureException", "InvalidToken"),
        ),
        PermissionDenied: ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized"),
        QuotaExceeded: ("ResourceLimitExceeded", "LimitExceededException", "ServiceQuotaExceededException"),
        NotFound: (
            "ResourceNotFound",
            "ResourceNotFoundException",
            "NoSuchKey",
            "NoSuchBucket",
            "NoSuchEntity",
            "404",
        ),
        Transient: (
            *("Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded"),
            *("ServiceUnavailable", "ServiceUnavailableException", "InternalServerException", "SlowDown"),
            *("InternalFailure", "InternalServerError", "InternalError", "RequestTimeout", "ModelError"),
            *("500", "502", "503", "504"),
        ),
    }
)
BY_CODE: Final = MappingProxyType({code: kind for kind, codes in _CODES.items() for code in codes})

TAKEN: Final = frozenset({"ConflictException", "ResourceInUse"})
"""Codes for a name that is there already."""

_MISSING: Final = ("could not find", "does not exist", "not found")
"""What a ValidationException says of a name that there is not; most operations have no code for it."""

_NAME: Final = "skylift orchestrator update NAME --aws_profile=…"
_LOGIN: Final = f"Log in anew (aws sso login, aws configure), or name other credentials: {_NAME}"
_PROFILE: Final = f"Make it (aws configure --profile), or name another: {_NAME}"
_GRANT: Final = "Grant it to whoever calls: the package's README has the policies."

_NO_CREDENTIALS: Final = frozenset(
    {
        *("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"),
        *(
            "SSOError",
            "SSOTokenLoadError",
            "UnauthorizedSSOTokenError",
            "TokenRetrievalError",
            "NoAuthTokenError",
        ),
        *("LoginTokenLoadError", "UnknownCredentialError", "RefreshWithMFAUnsupportedError"),
    }
)
_UNREACHABLE: Final = frozenset(
    {
        *("EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "ConnectionClosedError"),
        *("ConnectionError", "HTTPClientError", "ProxyConnectionError", "SSLError", "ResponseStreamingError"),
    }
)


def refusal(response: Mapping[str, Any], operation: str) -> BackendError:
    """For a `ClientError`; `response` is its own."""
    error, meta = response.get("Error", {}), response.get("ResponseMetadata", {})
    code, said = str(error.get("Code", "")), str(error.get("Message", "")).strip().rstrip(".")
    kind = BY_CODE.get(code)
    if kind is None and code == "ValidationException" and any(words in said.lower() for words in _MISSING):
        kind = NotFound
    if kind is None and int(meta.get("HTTPStatusCode") or 0) >= 500:
        kind = Transient
    fixes: dict[type[BackendError], str] = {AuthenticationError: _LOGIN, PermissionDenied: _GRANT}
    kind = kind or BackendError
    return kind(said or code or "it was refused", operation=operation, code=code, fix=fixes.get(kind, ""))


def failure(error: Exception, operation: str) -> SkyliftError:
    """For an error of the SDK's own, before or without an answer; found by the names of its classes."""
    names = {kind.__name__ for kind in type(error).__mro__}
    said = str(error).strip().rstrip(".")
    if "NoRegionError" in names:
        return ConfigurationError(
            "there is no region",
            who="SagemakerOrchestratorConfig.region",
            fix="Set it: skylift orchestrator update NAME --region=eu-central-1, or AWS_REGION.",
        )
    if "ProfileNotFound" in names:
        return AuthenticationError(said, operation=operation, fix=_PROFILE)
    if names & _NO_CREDENTIALS:
        return AuthenticationError(said, operation=operation, fix=_LOGIN)
    if names & _UNREACHABLE:
        return Transient(f"AWS cannot be reached: {said}", operation=operation)
    if "ResponseParserError" in names:
        said = f"what answered is not AWS: {said.partition(chr(10))[0]}"
    return BackendError(said, operation=operation)
