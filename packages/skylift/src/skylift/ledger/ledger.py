"""Writing and reading the records of one store.

Every object is created once and never changed; what changes in life is a row of revisions
of which the highest wins. So there is no lock, no update race, and nothing to mend when a
process dies between two writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from skylift.ledger import keys
from skylift.ledger.records import (
    AnyRecord,
    EndRecord,
    FailureRecord,
    Request,
    ResultRecord,
    RunEndRecord,
    RunRecord,
    ScheduleRecord,
    StartRecord,
    StopRecord,
    SubmittedRun,
    parse,
)
from skylift.store.location import LAYOUT
from skylift.store.objects import Outcome
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import DamagedObject, RunIdError
from skylift_contract.snapshot import read_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from skylift.store.objects import ObjectStore
    from skylift_contract.run import DeployedSchedule
    from skylift_contract.snapshot import PipelineSnapshot
    from skylift_contract.status import AttemptEnd


RUNS_AT_A_TIME: Final = 20
"""Records of runs that are read together when runs are gone through, newest first."""


class Ledger:
    """The records in one object store."""

    def __init__(self, store: ObjectStore) -> None:
        self.store = store

    def put_snapshot(self, snapshot: PipelineSnapshot) -> None:
        self.store.put_content(keys.snapshot(snapshot.digest), snapshot.content)

    def snapshot(self, digest: str) -> PipelineSnapshot:
        """Raises `DamagedObject` when it is missing or its bytes are not the digest's."""
        data = self.store.get(keys.snapshot(digest))
        if data is None:
            raise DamagedObject(f"there is none in {self.store.uri}", who=f"snapshot {digest}")
        return read_snapshot(data, digest)

    def artifact_uri(self, digest: str) -> str:
        """The folder that holds an artifact's record and, below `data/`, its files."""
        return f"{self.store.uri}/{LAYOUT}/{keys.artifact(digest)}".rstrip("/")

    def submit(self, request: Request) -> None:
        self.store.create(keys.request(request.submission_id), request.to_bytes())

    def link_submission(self, submission_id: str, run_id: str) -> None:
        record = SubmittedRun(submission_id=submission_id, run_id=run_id)
        self.store.create(keys.submitted_run(submission_id), record.to_bytes())

    def request(self, submission_id: str) -> Request | None:
        return self._read(Request, keys.request(submission_id))

    def run_of_submission(self, submission_id: str) -> str | None:
        found = self._read(SubmittedRun, keys.submitted_run(submission_id))
        return found.run_id if found else None

    def open_run(self, record: RunRecord) -> RunRecord:
        """Write a run's record, or find it written: the one that stands is returned.

        Raises `RunIdError` when it is of another snapshot: one orchestrator run ID was
        given to two runs.
        """
        standing = self._create(record, keys.run(record.run_id))
        if standing.snapshot != record.snapshot:
            raise RunIdError(
                "one orchestrator run ID for two runs: its run was started from another snapshot",
                who=f"run {record.run_id}",
                value=record.orchestrator_run_id,
                fix="Each execution needs an ID of its own from the backend.",
            )
        self.store.put_content(keys.index(standing.run_id, standing.created), standing.to_bytes())
        if standing.submission_id:
            self.link_submission(standing.submission_id, standing.run_id)
        return standing

    def run(self, run_id: str) -> RunRecord | None:
        return self._read(RunRecord, keys.run(run_id))

    def claim(self, run_id: str, start: StartRecord) -> StartRecord:
        """Claim the first free attempt at or after the record's own number."""
        while True:
            claimed = self.store.create(
                keys.attempt_start(run_id, start.invocation_id, start.attempt), start.to_bytes()
            )
            if claimed.outcome is not Outcome.OTHERS:
                return start
            start = start.model_copy(update={"attempt": start.attempt + 1})

    def start(self, run_id: str, invocation_id: str, attempt: int) -> StartRecord | None:
        return self._read(StartRecord, keys.attempt_start(run_id, invocation_id, attempt))

    def end_attempt(self, run_id: str, end: EndRecord) -> None:
        self.store.create(
            keys.attempt_end(run_id, end.invocation_id, end.attempt, end.status), end.to_bytes()
        )

    def attempt_end(self, run_id: str, invocation_id: str, attempt: int, how: AttemptEnd) -> EndRecord | None:
        return self._read(EndRecord, keys.attempt_end(run_id, invocation_id, attempt, how))

    def commit(self, run_id: str, result: ResultRecord) -> bool:
        """Publish a result; False when another attempt's was there before."""
        created = self.store.create(keys.result(run_id, result.invocation_id), result.to_bytes())
        return created.outcome is not Outcome.OTHERS

    def result(self, run_id: str, invocation_id: str) -> ResultRecord | None:
        return self._read(ResultRecord, keys.result(run_id, invocation_id))

    def results(self, run_id: str, invocations: Iterable[str]) -> dict[str, ResultRecord]:
        """Invocation id → its result, of those that have one."""
        names = list(invocations)
        return dict(self._read_each(ResultRecord, {name: keys.result(run_id, name) for name in names}))

    def ends(self, run_id: str, attempts: Mapping[str, tuple[int, AttemptEnd]]) -> dict[str, EndRecord]:
        """Invocation id → the end of that attempt of it, of those that have one."""
        wanted = {
            name: keys.attempt_end(run_id, name, attempt, how) for name, (attempt, how) in attempts.items()
        }
        return dict(self._read_each(EndRecord, wanted))

    def fail(self, run_id: str, failure: FailureRecord) -> None:
        """Add a revision that names what failed; one more of a race is no harm."""
        revision = len(self.store.list(f"{keys.run_folder(run_id)}failed/"))
        self.store.create(keys.failed(run_id, revision), failure.to_bytes())

    def failure(self, run_id: str) -> FailureRecord | None:
        """The newest failure whose step has not committed since; None when there is none."""
        folder = f"{keys.run_folder(run_id)}failed/"
        for key in reversed(self.store.list(folder)):
            record = self._read(FailureRecord, key)
            if record and not self.store.exists(keys.result(run_id, record.invocation_id)):
                return record
        return None

    def request_stop(self, run_id: str, stop: StopRecord) -> None:
        self.store.create(keys.stop(run_id), stop.to_bytes())

    def stop_request(self, run_id: str) -> StopRecord | None:
        return self._read(StopRecord, keys.stop(run_id))

    def seal(self, run_id: str, end: RunEndRecord) -> RunEndRecord:
        """Close a run that is open; the end that stands is returned."""
        newest = self.newest_end(run_id)
        if newest and newest[1].status is not ExecutionStatus.RUNNING:
            return newest[1]
        revision = newest[0] + 1 if newest else 0
        return self._create(end, keys.end(run_id, revision))

    def reopen(self, run_id: str) -> None:
        """A repaired execution goes on in a run that had ended."""
        newest = self.newest_end(run_id)
        if newest and newest[1].status is not ExecutionStatus.RUNNING:
            again = RunEndRecord(status=ExecutionStatus.RUNNING, reason="the execution was repaired")
            self._create(again, keys.end(run_id, newest[0] + 1))

    def newest_end(self, run_id: str) -> tuple[int, RunEndRecord] | None:
        found = self.store.list(f"{keys.run_folder(run_id)}end/")
        if not found:
            return None
        revision = int(found[-1].rpartition("/")[2].removesuffix(".json"))
        record = self._read(RunEndRecord, found[-1])
        return (revision, record) if record else None

    def end(self, run_id: str, revision: int) -> RunEndRecord | None:
        return self._read(RunEndRecord, keys.end(run_id, revision))

    def listing(self, run_id: str) -> keys.RunListing:
        """One listing that tells how every step of the run stands; logs are left out."""
        folder = keys.run_folder(run_id)
        found = [key for part in ("end/", "failed/", "steps/") for key in self.store.list(folder + part)]
        if self.store.exists(keys.stop(run_id)):
            found.append(keys.stop(run_id))
        return keys.read_run_listing(run_id, found)

    def put_schedule(self, schedule: DeployedSchedule) -> None:
        """Add a revision of a deployed schedule; the highest is how it stands."""
        record = ScheduleRecord(schedule=schedule)
        revision = len(self.store.list(keys.schedule_folder(schedule.name)))
        while (
            self.store.create(keys.schedule(schedule.name, revision), record.to_bytes()).outcome
            is Outcome.OTHERS
        ):
            revision += 1

    def step_listing(self, run_id: str, invocation_id: str) -> keys.StepListing:
        """What the keys below one step say."""
        found = self.store.list(keys.step_folder(run_id, invocation_id))
        listing = keys.read_run_listing(run_id, found)
        return next(iter(listing.steps.values()), keys.StepListing(committed=False, attempts={}))

    def newest_runs(self, limit: int | None = None) -> Iterator[RunRecord]:
        """Runs, newest first, from the index."""
        found = self.store.list(keys.INDEX, limit=limit)
        for start in range(0, len(found), RUNS_AT_A_TIME):
            page = found[start : start + RUNS_AT_A_TIME]
            yield from (record for _, record in self._read_each(RunRecord, {key: key for key in page}))

    def _read(self, model: type[AnyRecord], key: str) -> AnyRecord | None:
        data = self.store.get(key)
        return None if data is None else parse(model, data, key)

    def _read_each(
        self, model: type[AnyRecord], wanted: Mapping[str, str]
    ) -> Iterator[tuple[str, AnyRecord]]:
        """Name → record, of a mapping of names to keys; those that are not there are left out."""
        found = self.store.get_many(wanted.values())
        for (name, key), data in zip(wanted.items(), found, strict=True):
            if data is not None:
                yield name, parse(model, data, key)

    def _create(self, record: AnyRecord, key: str) -> AnyRecord:
        created = self.store.create(key, record.to_bytes())
        if created.outcome is not Outcome.OTHERS:
            return record
        return parse(type(record), created.data, key)
