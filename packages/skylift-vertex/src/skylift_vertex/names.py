"""Our names to Vertex's. Two different names of ours never become one of theirs."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from skylift_contract.canonical import canonical_json
from skylift_contract.names import DIGITS, HASH_LENGTH, LOWER, Alphabet, slug
from skylift_vertex.limits import DISPLAY_NAME, LABEL, OWN

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX: Final = "skylift-"

_LABELS: Final = Alphabet(LOWER + DIGITS + "_-", int(LABEL.maximum))


def job_id(submission: str) -> str:
    """A pipeline job's id, by which its submission is found; the same of the same, so made once."""
    return f"{PREFIX}{_hash(('submission', submission), 40)}"


def schedule_name(project: str, schedule: str, owner: str) -> str:
    """A schedule's display name, by which it is found; `owner` tells stacks apart."""
    return f"{PREFIX}{slug(schedule, 36)}-{_hash(('schedule', project, schedule, owner), HASH_LENGTH)}"


def token(*of: str) -> str:
    """Of the same the same: a label by which a job that was made already is found again."""
    return _hash(of, 40)


def display_name(text: str) -> str:
    """What people read; cut to what the service takes."""
    return text[:DISPLAY_NAME]


def label(text: str) -> str:
    """A label's value for a text: itself where it may be one, else what can be kept of it and a hash."""
    return _LABELS.native(text) if text else ""


def labels_of(own: Mapping[str, str]) -> dict[str, str]:
    """`skylift_project` for `project`, and so on."""
    return {f"{OWN}{key}": label(value) for key, value in own.items()}


def _hash(of: tuple[str, ...], length: int) -> str:
    return hashlib.sha256(canonical_json(list(of))).hexdigest()[:length]
