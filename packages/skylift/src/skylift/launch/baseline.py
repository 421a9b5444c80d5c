"""What a pipeline is compared with: how it is deployed, or what ran."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from skylift.client import Client
from skylift.comparison import Change, compare_files
from skylift.launch.schedules import Deployment, find, name_of
from skylift.ledger import keys
from skylift.ledger.schedules import standing
from skylift_contract.canonical import digest
from skylift_contract.errors import ConfigurationError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skylift.launch.plan import Plan
    from skylift.ledger.ledger import Ledger
    from skylift.models import PipelineRun
    from skylift_contract.snapshot import Binding, CodeArchive, PipelineSnapshot, Step


@dataclass(frozen=True, slots=True)
class Baseline:
    """A snapshot, and where it is from: `kind` is `schedule` or `run`, `digest` what is stored of it."""

    kind: str
    name: str
    snapshot: PipelineSnapshot
    digest: str


def baseline(ledger: Ledger, snapshot: PipelineSnapshot, against: str | None) -> Baseline:
    """What `against` names; by default the pipeline's deployed schedule, else its newest run.

    Raises `ConfigurationError` where there is none.
    """
    if against is not None:
        return _of_schedule(find(ledger, against)) if _has(ledger, against) else _named(ledger, against)
    record = standing(ledger, name_of(snapshot))
    if record is not None and not record.is_deleted:
        found = Deployment(ledger, record)
        if (found.snapshot.project, found.snapshot.name) == (snapshot.project, snapshot.name):
            return _of_schedule(found)
    return _of_run(_newest(ledger, snapshot))


def source_changes(ledger: Ledger, before: PipelineSnapshot, plan: Plan) -> Iterator[Change]:
    """Files that differ; where those of before are not kept, that the whole does."""
    old, new = before.code, plan.snapshot.code
    if old == new:
        return
    if old is None or new is None or plan.source is None or old.digest == new.digest:
        yield Change("source", "archive", old and _said(old), new and _said(new))
        return
    stored = ledger.store.get(keys.code(old.digest))
    if stored is None:
        yield Change("source", "archive", _said(old), _said(new))
        return
    now = {name: f"{mode:o} {found}" for name, mode, found in plan.source.manifest()}
    yield from compare_files(_files(stored), now)


def _said(code: CodeArchive) -> str:
    return f"{code.digest} on {', '.join(path or '.' for path in code.paths)}"


def _files(data: bytes) -> dict[str, str]:
    """File → mode and digest, as in a source's manifest."""
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        return {
            info.filename: f"{info.external_attr >> 16:o} {digest(packed.read(info))}"
            for info in packed.infolist()
        }


def _has(ledger: Ledger, name: str) -> bool:
    record = standing(ledger, name)
    return record is not None and not record.is_deleted


def _named(ledger: Ledger, name: str) -> Baseline:
    try:
        return _of_run(Client.of(ledger).run(name))
    except ConfigurationError as error:
        if not error.what.startswith("there is no run"):
            raise
        raise ConfigurationError(
            f"there is neither a schedule nor a run {name!r}",
            who=ledger.store.uri,
            fix="See: skylift schedule list, skylift runs list",
        ) from error


def _newest(ledger: Ledger, snapshot: PipelineSnapshot) -> PipelineRun:
    for run in Client.of(ledger).runs(snapshot.name):
        if run.head and run.head.project == snapshot.project:
            return run
    raise ConfigurationError(
        f"nothing of it is deployed or has run in {ledger.store.uri}",
        who=f"pipeline {snapshot.name!r}",
        fix="Deploy it: skylift schedule deploy FILE.py; or run it: skylift run FILE.py",
    )


def _of_schedule(found: Deployment) -> Baseline:
    asked = found.snapshot.model_copy(update={"schedule": found.timing})
    return Baseline("schedule", found.name, asked, found.record.schedule.snapshot)


def _of_run(run: PipelineRun) -> Baseline:
    return Baseline("run", str(run.id), _with_bound(run.ledger, run.snapshot_of), run.snapshot)


def _with_bound(ledger: Ledger, snapshot: PipelineSnapshot) -> PipelineSnapshot:
    """The snapshot with its bound steps as the runs had them that made their outputs.

    What a dynamic run called is no part of what was submitted.
    """
    if snapshot.is_dynamic:
        return snapshot.model_copy(update={"steps": (), "bindings": {}, "replay": ()})
    steps = [step for name, bound in snapshot.bindings.items() if (step := _made_by(ledger, name, bound))]
    return snapshot.model_copy(update={"steps": (*snapshot.steps, *steps)})


def _made_by(ledger: Ledger, name: str, bound: Binding) -> Step | None:
    """None for what another pipeline's step made, or a run that cannot be read."""
    with suppress(StoreError):
        origin = ledger.run(bound.run_id) if bound.step_name == name else None
        step = ledger.snapshot(origin.snapshot).step_configurations.get(name) if origin else None
        if step is not None and step.spec.source == bound.source:
            upstream = {"upstream_steps": bound.upstream_steps}
            return step.model_copy(update={"spec": step.spec.model_copy(update=upstream)})
    return None
