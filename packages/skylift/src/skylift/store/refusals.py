"""obstore's errors as sentences for people.

obstore tells a few cases apart by class and the rest in its text only, which also holds a
page of its internals; so the text is searched for the services' own error codes, and never
shown. `tests/store/test_refusals.py` holds each pattern to what obstore says today.
"""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from skylift.store.folder import LINKING, local_refusal
from skylift.store.location import Scheme
from skylift.store.transport import OutcomeUnknown
from skylift_contract.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift.store.location import Location

_MISSING: Final = re.compile("<Code>(?:NoSuchBucket|ContainerNotFound|ContainerBeingDeleted)<")
_SERVER_FAULT: Final = re.compile(r"status code: (5\d\d|429|408|409)\b")
_OS_ERROR: Final = re.compile(r"\(os error (\d+)\)")
_CODE: Final = re.compile(r"<Code>(\w+)</Code>")
_STATUS: Final = re.compile(r"status code: (\d+)")

_PERMISSIONS: Final[Mapping[Scheme, str]] = {
    Scheme.S3: "Check which ones are used; grant s3:GetObject, s3:PutObject and s3:DeleteObject on its "
    "objects, and s3:ListBucket.",
    Scheme.GS: "Check which ones are used; grant roles/storage.objectUser on the bucket.",
    Scheme.AZ: "Check which ones are used; assign Storage Blob Data Contributor on the container.",
}
_CREDENTIALS: Final[Mapping[Scheme, str]] = {
    Scheme.S3: "Set AWS_PROFILE (read with boto3) or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
    "or give the machine a role.",
    Scheme.GS: "Run gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS.",
    Scheme.AZ: "Set AZURE_STORAGE_ACCOUNT_KEY, AZURE_STORAGE_SAS_TOKEN or AZURE_CLIENT_ID and its secret.",
}


class Absent(Exception):
    """Nothing has that key."""


@dataclass(frozen=True, slots=True)
class _Case:
    """One kind of failure: how the text shows it, and what people are told."""

    pattern: re.Pattern[str]
    what: str
    fix: str | Mapping[Scheme, str]


_CASES: Final = (
    _Case(
        re.compile(r"169\.254\.169\.254|metadata\.google\.internal|token request"),
        "no credentials could be had for it",
        _CREDENTIALS,
    ),
    _Case(
        _MISSING,
        "there is no such {kind}",
        "Create {name!r} (Skylift never does), or correct the name.",
    ),
    _Case(
        re.compile(
            "<Code>(?:InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken|TokenRefreshRequired"
            "|AuthenticationFailed|InvalidAuthenticationInfo|NoAuthenticationInformation)<"
            "|^UnauthenticatedError|status code: 401"
        ),
        "it does not accept the credentials{code}",
        _CREDENTIALS,
    ),
    _Case(
        re.compile("^PermissionDeniedError|status code: 403"),
        "the credentials do not permit {doing}{code}",
        _PERMISSIONS,
    ),
    _Case(
        re.compile("configured region|<Code>(?:PermanentRedirect|AuthorizationHeaderMalformed)<"),
        "the {kind} is in another region",
        "Set AWS_REGION, or the option region, to the region of the {kind}.",
    ),
    _Case(
        # S3 says ExpiredToken with 400, and only in a body, which the answer to a HEAD has not.
        re.compile("Generic S3 error: Error performing HEAD .*status code: 400"),
        "it answered 400 to {doing} and could not say why; expired credentials are answered so",
        "Log in anew (aws sso login) or renew the credentials, and try again; else check the endpoint and "
        "the options.",
    ),
    _Case(_SERVER_FAULT, "it answered {status} to every try of {doing}{code}", "Try again later."),
    _Case(
        re.compile("kind: Timeout"),
        "it did not answer in time",
        "Try again; check the network, or raise request_timeout_s.",
    ),
    _Case(re.compile("dns error"), "its host name cannot be found", "Check the endpoint and the network."),
    _Case(re.compile("kind: Connect"), "it cannot be reached", "Check endpoint, network and proxy."),
    _Case(re.compile("error sending request"), "the connection broke", "Try again; check the network."),
)


def refusal(location: Location, error: Exception, doing: str) -> StoreUnavailable:
    """The sentence for an operation that failed.

    Args:
        location: The store.
        error: What obstore raised.
        doing: What was tried, as a participle: `writing runs/a/run.json`.
    """
    text = _text(error)
    if location.scheme is Scheme.FILE and (code := _OS_ERROR.search(text)):
        # What obstore calls renaming is the link that publishes a new file.
        linking = "Unable to rename file" in text
        return local_refusal(location, int(code[1]), LINKING if linking else doing)
    if location.scheme is Scheme.FILE and isinstance(error, OSError) and error.errno:
        return local_refusal(location, error.errno, doing)
    what, fix = _words(location, text, doing)
    return StoreUnavailable(what, who=location.who, fix=fix)


def write_refusal(location: Location, error: Exception, doing: str) -> StoreUnavailable:
    """As `refusal`, for a write: `OutcomeUnknown` where it may have taken effect all the same."""
    refused = refusal(location, error, doing)
    if location.scheme in {Scheme.FILE, Scheme.MEMORY} or _is_plain(error):
        return refused
    return OutcomeUnknown(refused.what, who=refused.who, fix=refused.fix)


def read_refusal(location: Location, error: Exception, doing: str) -> Exception:
    """As `refusal`, for a read or a deletion: `Absent` where nothing has that key."""
    return Absent() if _is_absent(location, error) else refusal(location, error, doing)


def _is_absent(location: Location, error: Exception) -> bool:
    """Whether "not found" was said of the key, and not of the bucket it would be in."""
    if isinstance(error, FileNotFoundError):
        return _MISSING.search(_text(error)) is None
    code = _OS_ERROR.search(_text(error)) if location.scheme is Scheme.FILE else None
    return code is not None and int(code[1]) == errno.ENOTDIR  # an object stands where its folder would be


def _is_plain(error: Exception) -> bool:
    """Whether the service answered, and with a refusal that no repetition changes."""
    text = _text(error)
    if _SERVER_FAULT.search(text):
        return False
    return type(error).__name__ != "GenericError" or _STATUS.search(text) is not None


def _words(location: Location, text: str, doing: str) -> tuple[str, str]:
    case = next((case for case in _CASES if case.pattern.search(text)), None)
    code, status = _CODE.search(text), _STATUS.search(text)
    if case is None:
        said = f" ({code[1]})" if code else f" (status {status[1]})" if status else ""
        return (
            f"{doing} failed{said}",
            "Check the endpoint and the options; --debug shows its words.",
        )
    fix = case.fix if isinstance(case.fix, str) else case.fix.get(location.scheme, "")
    parts = {
        "kind": "container" if location.scheme is Scheme.AZ else "bucket",
        "name": location.name,
        "doing": doing,
        "code": f" ({code[1]})" if code else "",
        "status": status[1] if status else "an error",
    }
    return case.what.format(**parts), fix.format(**parts)


def _text(error: Exception) -> str:
    """The class's name and the message, the page of internals included: to search, never to show."""
    return f"{type(error).__name__}: {error}"
