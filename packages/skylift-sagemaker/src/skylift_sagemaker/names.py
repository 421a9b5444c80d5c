"""Our names to SageMaker's. Two different names of ours never become one of theirs.

Everything that is made has the prefix `skylift-`, so that a policy can be about it alone.
"""

from __future__ import annotations

import hashlib
import string
from typing import TYPE_CHECKING, Final

from skylift_contract.canonical import canonical_json, digest
from skylift_contract.names import HASH_LENGTH, Alphabet, native_names, slug
from skylift_sagemaker.limits import STEP_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable

PREFIX: Final = "skylift-"
_ALNUM: Final = string.ascii_letters + string.digits

STEPS: Final = Alphabet(_ALNUM + "-_", STEP_NAME)
"""`StepName`: `[A-Za-z0-9\\-_]*`, at most 64."""


def step_names(invocations: Iterable[str]) -> dict[str, str]:
    """Invocation id → step's name, in order; raises `ConfigurationError` should two be one."""
    return native_names(invocations, STEPS)


def pipeline_name(project: str, pipeline: str, owner: str) -> str:
    """The one pipeline of a project's pipeline on a stack; `owner` tells stacks apart."""
    return _named(pipeline, ("pipeline", project, pipeline, owner))


def schedule_name(project: str, schedule: str, owner: str) -> str:
    """A schedule's, and that of the pipeline that it fires: a schedule cannot name a pipeline's version."""
    return _named(schedule, ("schedule", project, schedule, owner))


def job_name(pipeline: str, *of: str) -> str:
    """A job's; the same of the same, so that starting it twice is starting it once."""
    return _named(pipeline, ("job", pipeline, *of))


def execution_name(submission: str) -> str:
    """The display name of an execution, by which a submission is found again."""
    return f"{PREFIX}{_hash(('submission', submission), 40)}"


def request_token(*of: str) -> str:
    """An idempotency token: 64 hex digits, where the service takes 32 to 128 characters."""
    return digest(canonical_json(list(of)))


def prefix_of(name: str) -> str:
    """What the names of every pipeline or schedule of that name begin with, whatever the project."""
    return f"{PREFIX}{slug(name, 36)}-"


def _named(name: str, of: tuple[str, ...]) -> str:
    """At most 57 characters, so within every limit: of pipelines 82, of schedules 64, of jobs 63."""
    return f"{prefix_of(name)}{_hash(of, HASH_LENGTH)}"


def _hash(of: tuple[str, ...], length: int) -> str:
    return hashlib.sha256(canonical_json(list(of))).hexdigest()[:length]
