"""What Vertex and Google's libraries say → the contract's errors.

By numbers and by names of classes, so it imports no SDK.
"""

from __future__ import annotations

from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from skylift_contract.errors import (
    AuthenticationError,
    BackendError,
    NotFound,
    PermissionDenied,
    QuotaExceeded,
    Transient,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

BY_STATUS: Final[Mapping[int, type[BackendError]]] = MappingProxyType(
    {
        HTTPStatus.UNAUTHORIZED: AuthenticationError,
        HTTPStatus.FORBIDDEN: PermissionDenied,
        HTTPStatus.NOT_FOUND: NotFound,
        HTTPStatus.TOO_MANY_REQUESTS: QuotaExceeded,
    }
)
TAKEN: Final = str(int(HTTPStatus.CONFLICT))
"""The code of a name that is there already; both transports know it by that."""

_UNREACHABLE: Final = frozenset(
    {"ConnectionError", "Timeout", "TransportError", "RetryError", "ChunkedEncodingError", "ProxyError"}
)
"""Of requests, google.auth and google.api_core: no answer came."""

_CREDENTIALS: Final = frozenset({"GoogleAuthError"})
_PLUGIN: Final = "Getting metadata from plugin failed"
"""How gRPC says that there was no token to send; it calls that unavailable."""

_NO_GRPC: Final = "Failed parsing HTTP/2"
"""What gRPC makes of an answer in HTTP/1: an emulator's, or a proxy's."""

_REST: Final = "Call it over HTTP: skylift orchestrator update NAME --api_transport=rest"
_LOGIN: Final = "Log in (gcloud auth application-default login), or name other credentials: --key_file=…"
_GRANT: Final = "Grant it to whoever calls: the package's README has the roles."


def failure(error: Exception, operation: str) -> BackendError | None:
    """For an error of Google's libraries; None for any other, which is a fault of ours."""
    names = {kind.__name__ for kind in type(error).__mro__}
    said = _said(error)
    if names & _UNREACHABLE and "GoogleAPICallError" not in names:
        return Transient(
            f"Vertex AI cannot be reached{_place(error)}: {_why(error) or said}", operation=operation
        )
    if names & _CREDENTIALS or _PLUGIN in said:
        return AuthenticationError(said, operation=operation, fix=_LOGIN)
    if "GoogleAPICallError" in names:
        return refusal(_status(error), said, operation)
    return None


def refusal(status: int, said: str, operation: str) -> BackendError:
    """For an answer that is none; `status` is HTTP's, or 0 where there was none."""
    if _NO_GRPC in said:
        return Transient("what answers there does not speak gRPC", operation=operation, fix=_REST)
    kind = BY_STATUS.get(status) or (Transient if status >= 500 or not status else BackendError)
    fixes: dict[type[BackendError], str] = {AuthenticationError: _LOGIN, PermissionDenied: _GRANT}
    code = str(status) if status else ""
    said = said.strip().rstrip(".")
    return kind(said or "it was refused", operation=operation, code=code, fix=fixes.get(kind, ""))


def _place(error: Any) -> str:
    """Whom requests asked, where it says so."""
    host = urlsplit(str(getattr(getattr(error, "request", None), "url", None) or "")).netloc
    return f" at {host}" if host else ""


def _why(error: BaseException | None) -> str:
    """What the system said, innermost: requests wraps it several times, each with the whole address."""
    while error is not None:
        if isinstance(error, OSError) and error.strerror:
            return error.strerror
        error = error.__cause__ or error.__context__
    return ""


def _status(error: Any) -> int:
    return int(error.code or 0)


def _said(error: Any) -> str:
    """The service's own words: the REST transport puts what was called before them."""
    text = str(getattr(error, "message", None) or error).strip().rstrip(".")
    verb, _, rest = text.partition(" ")
    said = rest.partition(": ")[2] if verb in {"GET", "POST", "PATCH", "DELETE"} else ""
    return said or text
