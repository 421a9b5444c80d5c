"""`skylift runs describe`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skylift.cli import documents, tables
from skylift.cli.commands import command, output_option, place_options
from skylift.cli.runs import run_argument
from skylift.cli.runs.places import Places
from skylift.client import Client
from skylift.console.words import clock, counted, counts, one_line, printable, seconds, status_word
from skylift.ledger import keys
from skylift.ledger.history import History
from skylift.ledger.labels import Labels
from skylift.ledger.records import UNREADABLE
from skylift.stacks.build import store_hint
from skylift.sub_runs import sub_run_of
from skylift_contract.enums import ExecutionStatus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from pydantic import JsonValue

    from skylift.ledger.records import Request, ResultRecord
    from skylift.models import PipelineRun
    from skylift_contract.snapshot import ArtifactRef
    from skylift_contract.status import RunStatus, StepStatus


@command(
    "describe",
    short_help="A run with its steps, parameters and outputs.",
    examples=(
        "skylift runs describe last",
        "skylift runs describe 3f9ad2c1 --output json",
    ),
)
@run_argument()
@place_options()
@output_option()
def describe(run: str, store: str | None, output: str) -> None:
    """A run with its steps, parameters and outputs.

    RUN is a run's id, the start of one that only one run has, or `last`.
    """
    found = Description.of(Client(store).run(run))
    if output == "json":
        documents.write({"run": found.fields()})
    else:
        tables.write(found.lines())


@dataclass(frozen=True, slots=True)
class Description:
    """A run and everything that its records say of it."""

    run: PipelineRun
    status: RunStatus
    history: History
    ended: datetime | None
    request: Request | None
    origins: Mapping[str, ResultRecord]
    damaged: tuple[str, ...]
    labels: Labels
    places: Places

    @classmethod
    def of(cls, run: PipelineRun) -> Description:
        places = Places.of(run)
        status = run.fetch(places.told)
        bindings = run.snapshot_of.bindings
        history = History.read(run.ledger, str(run.id), status.steps, bindings)
        end = run.end if status.status.is_finished else None
        request, damage = _request(run)
        labels, unread = _labels(run)
        damaged = (*history.unreadable.values(), *dict.fromkeys(filter(None, (damage, unread))))
        origins = run.ledger.origins(bindings).records
        ended = end.time if end else None
        return cls(run, status, history, ended, request, origins, damaged, labels, places)

    @property
    def notes(self) -> list[str]:
        """What was noted of how it was to run, and then what people said."""
        return [*(self.request.notes if self.request else ()), *self.labels.notes]

    def fields(self) -> dict[str, Any]:
        """RUN of `documents`, with its parameters, notes and steps."""
        record, request = self.run.record, self.request
        head = (
            documents.run_fields(record, self.status.status, self.status.reason, self.ended)
            if record
            else documents.unstarted_fields(self.run, self.status)
        )
        return {
            **head,
            "resumes": request.resumes if request else None,
            "store": self.run.ledger.store.uri,
            "parameters": self.run.snapshot_of.pipeline_configuration.parameters,
            "user": request.user if request else None,
            "git_commit": request.git_commit if request else None,
            "git_dirty": request.git_dirty if request else None,
            "tags": list(self.labels.tags),
            "notes": self.notes,
            "damaged": list(self.damaged),
            "links": {"backend": self.places.url or None},
            "steps": [self._step_fields(name, step) for name, step in self.status.steps.items()],
        }

    def _step_fields(self, name: str, step: StepStatus) -> dict[str, Any]:
        times, outputs = self.history.times(name), self.history.outputs(name)
        job, url = self.places.step(name)
        return {
            "step": name,
            **documents.step_status(step.status, self.history.origin(name)),
            "reason": step.reason,
            "attempts": step.attempt,
            "started": documents.moment(times[0] if times else None),
            "ended": documents.moment(times[1] if times else None),
            "seconds": self.history.seconds(name),
            "metadata": self._metadata_of(name),
            "job": job or None,
            "links": {"backend": url or None},
            "outputs": [self._output_fields(output, ref) for output, ref in outputs.items()],
        }

    def _output_fields(self, name: str, ref: ArtifactRef) -> dict[str, Any]:
        uri = self.run.ledger.artifact_uri(ref.digest)
        return {
            "name": name,
            "type": ref.type,
            "materializer": ref.materializer,
            "bytes": ref.size,
            "digest": ref.digest,
            "uri": uri,
        }

    def lines(self) -> Iterator[str]:
        yield from self._head()
        yield ""
        yield from self._steps()
        yield from self._metadata()
        yield from self._artifacts()
        yield from self.places.lines()
        if self.damaged:
            yield from ("", "damaged", *map(printable, self.damaged))
        if self.status.status in {ExecutionStatus.FAILED, ExecutionStatus.STOPPED}:
            yield from ("", f"next: skylift runs why {self.run.id}{store_hint(self.run.ledger.store.uri)}")

    def _head(self) -> Iterator[str]:
        record, snapshot, request = self.run.record, self.run.snapshot_of, self.request
        assert record is not None
        word = tables.painted(status_word(self.status.status), self.status.status)
        found = counted(counts(step.status for step in self.status.steps.values()))
        took = (self.ended - record.created).total_seconds() if self.ended else None
        facts = {
            "run": record.run_id,
            "pipeline": f"{record.pipeline} (project {record.project})",
            "status": f"{word}: {found}",
            "reason": one_line(self.status.reason),
            "started": f"{clock(record.created)}{f' by {request.user}' if request and request.user else ''}",
            "took": seconds(took),
            "resumes": request.resumes if request else None,
            "flavor": record.flavor,
            **self.places.head(),
            "parameters": _pairs(snapshot.pipeline_configuration.parameters),
            "git": _git(request),
            "tags": printable(", ".join(self.labels.tags)),
            "notes": one_line("; ".join(self.notes)),
            "store": self.run.ledger.store.uri,
        }
        for name, value in facts.items():
            if value:
                yield f"{name:<11} {value}"

    def _steps(self) -> Iterator[str]:
        rows = [
            (
                name,
                step.status,
                str(step.attempt or ""),
                seconds(self.history.seconds(name)),
                ", ".join(self.history.outputs(name)),
                self._reason(name, step),
            )
            for name, step in self.status.steps.items()
        ]
        headers = ("STEP", "STATUS", "ATTEMPTS", "TOOK", "OUTPUTS", "REASON")
        yield from tables.table(headers, rows, flexible=(5, 4, 0))

    def _metadata(self) -> Iterator[str]:
        found = [
            f"{name}  {_pairs(metadata)}"
            for name in self.status.steps
            if (metadata := self._metadata_of(name))
        ]
        if found:
            yield from ("", "metadata", *found)

    def _metadata_of(self, name: str) -> Mapping[str, JsonValue]:
        """Its own, or that of the step which made its outputs."""
        origin = self.origins.get(name)
        return origin.metadata if origin else self.history.metadata(name)

    def _reason(self, name: str, step: StepStatus) -> str:
        origin = self.history.origin(name)
        if (within := sub_run_of(self.run, name)) is not None:
            return f"run {within}: {one_line(step.reason)}" if step.reason else f"run {within}"
        return f"from run {origin.run_id}" if origin else one_line(step.reason)

    def _artifacts(self) -> Iterator[str]:
        rows = [
            (
                f"{name}.{output}",
                ref.type.removeprefix("builtins:"),
                str(ref.size),
                self.run.ledger.artifact_uri(ref.digest),
            )
            for name in self.status.steps
            for output, ref in self.history.outputs(name).items()
        ]
        if rows:
            yield ""
            yield from tables.table(("OUTPUT", "TYPE", "BYTES", "WHERE"), rows, flexible=(3, 1, 0))


def _request(run: PipelineRun) -> tuple[Request | None, str]:
    """Who asked for the run, and why that is not known."""
    if run.submission_id is None:
        return None, ""
    try:
        found = run.ledger.request(run.submission_id)
    except UNREADABLE as error:
        return None, str(error)
    return found, "" if found else f"{keys.request(run.submission_id)}: it is missing."


def _labels(run: PipelineRun) -> tuple[Labels, str]:
    """Tags and notes, and why they cannot be read."""
    try:
        return run.labels, ""
    except UNREADABLE as error:
        return Labels(), str(error)


def _pairs(parameters: Mapping[str, Any]) -> str:
    """Each in one line: a long value is cut, and stands whole in the JSON."""
    shown = {name: one_line(json.dumps(value, ensure_ascii=False)) for name, value in parameters.items()}
    return ", ".join(f"{name}={value}" for name, value in shown.items())


def _git(request: Request | None) -> str:
    if request is None or request.git_commit is None:
        return ""
    return f"{request.git_commit}{' with uncommitted changes' if request.git_dirty else ''}"
