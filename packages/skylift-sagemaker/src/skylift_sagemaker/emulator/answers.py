"""How the services say no, and what a list's answer is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from skylift_testkit.emulator.fault_script import Failure
from skylift_testkit.emulator.server import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PAGE: Final = 20
"""Of a list, where a call does not say how many."""


def not_found(what: str) -> Refusal:
    return Refusal(400, "ResourceNotFound", what)


def invalid(what: str) -> Refusal:
    return Refusal(400, "ValidationException", what)


def refusal(failure: Failure, service: str, operation: str) -> Refusal:
    """What the service says to a call that meets this."""
    return {
        Failure.THROTTLED: Refusal(400, "ThrottlingException", "Rate exceeded"),
        Failure.QUOTA: _quota(service),
        Failure.CREDENTIALS: Refusal(
            403, "ExpiredTokenException", "The security token included in the request is expired"
        ),
        Failure.PERMISSION: Refusal(
            403 if service == "scheduler" else 400,
            "AccessDeniedException",
            f"User: arn:aws:sts::123456789012:assumed-role/developer/session is not authorized to perform: "
            f"{service}:{operation} because no identity-based policy allows the {service}:{operation} action",
        ),
        Failure.UNAVAILABLE: Refusal(503, "ServiceUnavailable", "The service is temporarily unavailable"),
    }[failure]


def _quota(service: str) -> Refusal:
    if service == "scheduler":
        return Refusal(
            402, "ServiceQuotaExceededException", "Your account has reached its limit of schedules."
        )
    return Refusal(
        400,
        "ResourceLimitExceeded",
        "The account-level service limit 'Maximum number of instances for processing job usage' is 0 "
        "Instances, with current utilization of 0 Instances and a request delta of 1 Instances. Please "
        "use AWS Service Quotas to request an increase for this quota.",
    )


def page(items: Sequence[Any], request: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A page of what a call lists, and the token of the next one."""
    try:
        first = int(request.get("NextToken") or 0)
    except ValueError as error:
        raise invalid("Invalid NextToken") from error
    last = first + int(request.get("MaxResults") or PAGE)
    found: dict[str, Any] = {name: list(items[first:last])}
    return found | ({"NextToken": str(last)} if last < len(items) else {})


def ordered(items: Sequence[Any], request: Mapping[str, Any]) -> list[Any]:
    """What was made last first, as the service lists it, unless the call says otherwise."""
    return list(items) if request.get("SortOrder") == "Ascending" else list(reversed(items))
