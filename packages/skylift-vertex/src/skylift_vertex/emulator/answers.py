"""Answers: Google's form of an error, its pages and its filters."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from operator import eq, ge, gt, le, lt, ne
from typing import TYPE_CHECKING, Any, Final

from skylift_testkit.emulator.fault_script import Failure
from skylift_testkit.emulator.server import Answer, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PAGE: Final = 50
"""Of a listing, where the client asks for no size."""

REFUSALS: Final = {
    Failure.THROTTLED: Refusal(
        429,
        "RESOURCE_EXHAUSTED",
        "Quota exceeded for quota metric 'Resource management requests' and limit 'Resource management "
        "(CRUD) requests per minute per region'.",
    ),
    Failure.QUOTA: Refusal(
        429,
        "RESOURCE_EXHAUSTED",
        "The following quota metrics exceed quota limits: "
        "aiplatform.googleapis.com/custom_model_training_cpus",
    ),
    Failure.CREDENTIALS: Refusal(
        401,
        "UNAUTHENTICATED",
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or "
        "other valid authentication credential.",
    ),
    Failure.PERMISSION: Refusal(
        403,
        "PERMISSION_DENIED",
        "Permission 'aiplatform.pipelineJobs.create' denied on resource (or it may not exist).",
    ),
    Failure.UNAVAILABLE: Refusal(503, "UNAVAILABLE", "The service is currently unavailable."),
}


def form(refusal: Refusal) -> Answer:
    """Google's error. Source: cloud.google.com/apis/design/errors#http_mapping."""
    told = {"code": refusal.status, "message": refusal.message, "status": refusal.code}
    return Answer({"error": told}, refusal.status)


def invalid(message: str) -> Refusal:
    return Refusal(400, "INVALID_ARGUMENT", message)


def not_found(name: str) -> Refusal:
    return Refusal(404, "NOT_FOUND", f"The resource {name!r} was not found.")


def precondition(message: str) -> Refusal:
    return Refusal(400, "FAILED_PRECONDITION", message)


def done(name: str) -> Answer:
    """A long-running operation that is over: what deletions answer."""
    empty = {"@type": "type.googleapis.com/google.protobuf.Empty"}
    return Answer({"name": f"{name}/operations/1", "done": True, "response": empty})


def page(told: Sequence[dict[str, Any]], query: Mapping[str, Any], field: str) -> Answer:
    """One page of a listing; its token is where the next begins."""
    first = int(query.get("pageToken") or 0)
    end = first + int(query.get("pageSize") or PAGE)
    following = {"nextPageToken": str(end)} if end < len(told) else {}
    return Answer({field: list(told[first:end]), **following})


_TERM: Final = re.compile(r'([A-Za-z_][\w.\-]*?)\s*(>=|<=|!=|=|>|<)\s*(?:"([^"]*)"|(\S+))')
_BY: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": eq, "!=": ne, ">=": ge, "<=": le, ">": gt, "<": lt
}  # fmt: skip


def matches(text: str, fields: Mapping[str, str]) -> bool:
    """Whether something is meant by a filter of terms joined by AND.

    `fields`: what may be asked for; a label that is not there, or what is empty, equals nothing and comes
    before nothing. Raises the service's refusal for anything else than such terms, and for a field that it
    does not know. Source: google.aip.dev/160
    """
    for term in filter(None, re.split(r"\s+AND\s+", text.strip())):
        match = _TERM.fullmatch(term)
        if match is None:
            raise invalid(f"Invalid filter: {term!r}")
        name, sign, quoted, bare = match.groups()
        if name not in fields and not name.startswith(("labels.", "resource.labels.")):
            raise invalid(f"Invalid filter: field {name!r} is not supported.")
        if not _holds(fields.get(name, ""), sign, quoted if quoted is not None else bare):
            return False
    return True


def _holds(told: str, sign: str, wanted: str) -> bool:
    if not told and wanted:
        return sign == "!="
    return _BY[sign](*_comparable(told, wanted))


def _comparable(told: str, wanted: str) -> tuple[Any, Any]:
    """As moments, where both are; else as text."""
    try:
        return _moment(told), _moment(wanted)
    except ValueError:
        return told, wanted


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
