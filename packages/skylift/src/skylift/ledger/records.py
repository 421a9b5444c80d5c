"""The records themselves: versioned, frozen, each with its writer's nonce.

A reader meets an unknown newer field without harm and an unknown major with an error.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, TypeVar

from pydantic import Field, JsonValue, ValidationError, model_validator

from skylift.caching.key import KeyParts
from skylift.ledger import keys, process
from skylift_contract.canonical import canonical_json
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import ConfigurationError, DamagedObject, RecordTooNew, UnknownName
from skylift_contract.model import Frozen
from skylift_contract.snapshot import ArtifactRef
from skylift_contract.status import AttemptEnd

MAJOR: Final = 1
"""Raised when a reader of the former major would misunderstand a record."""

UNREADABLE: Final = (DamagedObject, RecordTooNew)
"""What one record can be while the store and every other are well."""


def now() -> datetime:
    return datetime.now(UTC)


class Writer(Frozen):
    """Who wrote a record. `nonce` makes equal bytes mean the same writer and the same try."""

    nonce: str
    host: str
    boot_id: str
    pid: int
    process_start: str
    time: datetime

    @classmethod
    def this_process(cls) -> Writer:
        host, boot_id, pid, started = process.me()
        return cls.model_construct(
            nonce=os.urandom(12).hex(),
            host=host,
            boot_id=boot_id,
            pid=pid,
            process_start=started,
            time=now(),
        )


class Record(Frozen):
    major: int = MAJOR
    writer: Writer = Field(default_factory=Writer.this_process)

    @model_validator(mode="before")
    @classmethod
    def _known_major(cls, data: Any) -> Any:
        found = data.get("major", MAJOR) if isinstance(data, dict) else MAJOR  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        if isinstance(found, int) and found > MAJOR:
            raise RecordTooNew(
                "it was written by a newer Skylift",
                who=cls.__name__,
                value=found,
                limit=MAJOR,
                fix="Upgrade skylift here.",
            )
        return data  # pyright: ignore[reportUnknownVariableType]

    def to_bytes(self) -> bytes:
        return canonical_json(self)


AnyRecord = TypeVar("AnyRecord", bound=Record)


def parse(model: type[AnyRecord], data: bytes, key: str) -> AnyRecord:
    """Read a record back; raises `DamagedObject` or `RecordTooNew`, naming its key."""
    try:
        return model.model_validate_json(data)
    except RecordTooNew as error:
        raise RecordTooNew(error.what, who=key, value=error.value, limit=error.limit, fix=error.fix) from None
    except UnknownName as error:  # of what a person wrote, such as a Schedule: there nothing unknown passes
        raise RecordTooNew(
            f"it says what this Skylift does not know: {error}", who=key, fix="Upgrade skylift here."
        ) from error
    except (ConfigurationError, ValidationError) as error:
        ours = isinstance(error, ConfigurationError)
        why = str(error).rstrip(".") if ours else error.errors(include_url=False)[0]["msg"]
        what = f"it is damaged, and no {model.__name__}: {why}"
        raise DamagedObject(what, who=key, fix=keys.remedy(key)) from error


class Request(Record):
    """A submission, written before the first API call: who, when, why, and of what.

    `notes`: what was noted of how it will run; `note`: what whoever asked for it said;
    `resumes`: the id of the run whose results it takes on; `is_emulated`: whoever wrote this emulates the
    backend, and as long as it lives.
    """

    submission_id: str
    project: str
    pipeline: str
    snapshot: str
    flavor: str
    stack: str
    orchestrator: str
    user: str
    git_commit: str | None = None
    git_dirty: bool | None = None
    tags: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    note: str = ""
    resumes: str | None = None
    is_emulated: bool = False


class SubmittedRun(Record):
    """Which run a submission became."""

    submission_id: str
    run_id: str


class RunRecord(Record):
    """One execution, written by whoever of its steps, its client or its readers comes first.

    `orchestrator_run_id`: None where all of it was cached, and no backend has it.
    `is_signalled`: SIGTERM to the writer's process stops the run, and ends nothing else.
    `began`: when the backend started it, where who writes it is a reader that came later.
    `parent`: the run whose dynamic pipeline called this one's. `orchestrator`: its component's name, where
    who writes it knows that and no submission does.
    """

    run_id: str
    orchestrator_run_id: str | None
    project: str
    pipeline: str
    snapshot: str
    flavor: str
    submission_id: str | None = None
    is_signalled: bool = False
    began: datetime | None = None
    parent: str | None = None
    orchestrator: str | None = None

    @property
    def created(self) -> datetime:
        return self.began or self.writer.time


class StartRecord(Record):
    """Claims an attempt; `backend_attempt` is the backend's own count where it has one."""

    invocation_id: str
    attempt: int
    backend_attempt: int | None = None


class ErrorInfo(Frozen):
    """An exception as text; `traceback` starts at the user's own code."""

    type: str
    message: str
    traceback: str = ""

    @property
    def summary(self) -> str:
        return f"{self.type}: {self.message}" if self.message else self.type


class EndRecord(Record):
    """How an attempt that did not commit ended."""

    invocation_id: str
    attempt: int
    status: AttemptEnd
    reason: str = ""
    error: ErrorInfo | None = None
    started: datetime
    ended: datetime = Field(default_factory=now)


class Miss(StrEnum):
    """Why a step that ran was not taken from the cache, as far as its key tells.

    `NOTHING`: nothing is stored under it. `EXPIRED`: too old. `DAMAGED`: its data or its record is.
    `NO_KEY`: its source cannot be read. `CHANGED`: it was saved while it was loaded. `OFF`: nobody looked.
    """

    NOTHING = "nothing"
    EXPIRED = "expired"
    DAMAGED = "damaged"
    NO_KEY = "no_key"
    CHANGED = "changed"
    OFF = "off"


class Origin(Frozen):
    """The run and the invocation that made what another took."""

    run_id: str
    invocation_id: str


class ResultRecord(Record):
    """The commit point: the attempt whose outputs count, or where they were taken from.

    `attempt` is 0, and `cached_from` is there, where the step did not run. `key_parts`: what
    the outputs depend on, None where that is not known. `miss`: why it ran all the same.
    """

    invocation_id: str
    attempt: int
    cached_from: Origin | None = None
    key_parts: KeyParts | None = None
    miss: Miss = Miss.OFF
    outputs: dict[str, ArtifactRef] = Field(default_factory=dict)
    metadata: dict[str, JsonValue] = Field(default_factory=dict)
    started: datetime
    ended: datetime = Field(default_factory=now)


class CacheRecord(Record):
    """A revision of what a key's step made; `expires`: from then on it is not taken."""

    parts: KeyParts
    origin: Origin
    outputs: dict[str, ArtifactRef] = Field(default_factory=dict)
    metadata: dict[str, JsonValue] = Field(default_factory=dict)
    made: datetime
    expires: datetime | None = None


class FailureRecord(Record):
    """A failure that keeps what has not started from starting; void once its step commits."""

    invocation_id: str
    attempt: int
    reason: str


class StopRecord(Record):
    """Somebody asked the run to stop; `graceful` lets running steps finish."""

    graceful: bool = False
    user: str = ""


class LabelRecord(Record):
    """A revision of what people say of a run: tags that it has from now on, or has no more, and a note."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    note: str = ""


class RunEndRecord(Record):
    """A revision of the run's end; status `running` reopens it, for a repair that goes on.

    Then the first `void_failures` and `void_stops` revisions of those belong to what was before.
    `ended`: the last that is known of the run, where who closes it is a reader that came later.
    `failed_call`: of a dynamic run, the call whose failure ended the pipeline's function.
    """

    status: ExecutionStatus
    reason: str = ""
    ended: datetime | None = None
    void_failures: int = 0
    void_stops: int = 0
    failed_call: str = ""

    @property
    def is_open(self) -> bool:
        return not self.status.is_finished

    @property
    def time(self) -> datetime:
        """When the run ended, as far as anybody knows."""
        return self.ended or self.writer.time
