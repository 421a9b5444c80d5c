"""How a process that was started for a step finds its store, snapshot, code and run."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skylift.authoring.sources import load
from skylift.code import unpack
from skylift.ledger import keys
from skylift.ledger.calls import call_of
from skylift.ledger.ledger import Ledger
from skylift.ledger.records import RunRecord
from skylift.runtime.active import ActiveRun
from skylift.runtime.failures import unpacked_in
from skylift.runtime.one_run import check_one_run, who_says_the_id
from skylift.store.location import open_store
from skylift_contract.environment import STORE_ENV, STORE_OPTIONS_ENV, SUBMISSION_ENV
from skylift_contract.errors import ConfigurationError, DamagedObject, RunIdError, SkyliftError
from skylift_contract.run_id import checked, find_orchestrator_run_id, run_id

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from skylift_contract.orchestrator import BaseOrchestrator
    from skylift_contract.snapshot import CodeArchive, OrchestratorSource, PipelineSnapshot, Step


def open_ledger(store: str | None) -> Ledger:
    """The ledger of a store's URI, by default of the one in the environment, whose options are there too."""
    named = os.environ.get(STORE_ENV)
    uri = store or named
    if not uri:
        raise ConfigurationError(
            "no store is named",
            who="skylift.runtime",
            fix=f"Pass --store, or set {STORE_ENV}: the orchestrator hands it to each step.",
        )
    return Ledger(open_store(uri, _store_options() if uri == named else None))


def _store_options() -> Mapping[str, str]:
    text = os.environ.get(STORE_OPTIONS_ENV) or "{}"
    try:
        found: Any = json.loads(text)
        return {str(name): str(value) for name, value in found.items()}
    except (ValueError, AttributeError):
        raise ConfigurationError(
            "it is no JSON object of a store's options",
            who=f"environment variable {STORE_OPTIONS_ENV}",
            value=text,
            fix="Hand it to each step as it came with the submission.",
        ) from None


def join_run(
    ledger: Ledger, snapshot: PipelineSnapshot, arguments: Mapping[str, str], invocation: str
) -> ActiveRun:
    """Find the run that this process, of that invocation, belongs to, and write its record if nobody has.

    Raises `RunIdError` where its submission became another run already.
    """
    orchestrator_run_id = _orchestrator_run_id(snapshot, arguments)
    record = RunRecord(
        run_id=str(run_id(snapshot.runtime.flavor, orchestrator_run_id)),
        orchestrator_run_id=orchestrator_run_id,
        project=snapshot.project,
        pipeline=snapshot.name,
        snapshot=snapshot.digest,
        flavor=snapshot.runtime.flavor,
        submission_id=os.environ.get(SUBMISSION_ENV),
    )
    check_one_run(ledger, snapshot, record, invocation)
    return ActiveRun(ledger, snapshot, ledger.open_run(record))


def called_step(
    ledger: Ledger, snapshot: PipelineSnapshot, run: str, invocation: str
) -> tuple[ActiveRun, Step]:
    """A dynamic run, whose process started this one, and what it called."""
    record, call = ledger.run(run), call_of(ledger, run, invocation)
    if record is None or call is None or record.snapshot != snapshot.digest:
        raise RunIdError(
            f"the run has not called step {invocation!r} of this snapshot",
            who=f"run {run}",
            value=snapshot.digest,
            fix="A dynamic run starts its isolated steps itself, with the command that it gives.",
        )
    return ActiveRun(ledger, snapshot, record), call.step


def _orchestrator_run_id(snapshot: PipelineSnapshot, arguments: Mapping[str, str]) -> str:
    runtime = snapshot.runtime
    if runtime.run_id_sources or runtime.orchestrator is None:
        return find_orchestrator_run_id(
            runtime.run_id_sources, backend=runtime.flavor, dynamic=snapshot.is_dynamic, arguments=arguments
        )
    who = who_says_the_id(snapshot)
    try:
        orchestrator = made_again(runtime.orchestrator, runtime.flavor)
        return checked(orchestrator.get_orchestrator_run_id(), who=who, backend=runtime.flavor)
    except SkyliftError:
        raise
    except Exception as error:
        raise RunIdError(
            f"the step cannot tell its run: {type(error).__name__}: {error}",
            who=who,
            fix="Set what it reads in each step's environment when the run is submitted.",
        ) from error


def made_again(source: OrchestratorSource, flavor: str) -> BaseOrchestrator:
    implementation: Any = load(source.implementation)
    config_class: Any = load(source.config_class)
    try:
        config = config_class.parse(source.config)
    except ConfigurationError:  # a required secret, which a step is not given
        config = config_class.model_construct(**source.config)
    return implementation(config, flavor=flavor)


@contextmanager
def code_on_path(ledger: Ledger, code: CodeArchive | None) -> Generator[None]:
    """Put the user's source on `sys.path`, verified, in a folder of its own; `cwd` is left alone."""
    if code is None:
        yield
        return
    data = ledger.store.get(keys.code(code.digest))
    if data is None:
        raise DamagedObject(f"it is missing in {ledger.store.uri}", who=f"code {code.digest}")
    with tempfile.TemporaryDirectory(prefix="skylift-code-", ignore_cleanup_errors=True) as folder:
        sys.path[:0] = unpack(data, code, Path(folder))
        with unpacked_in(Path(folder)):
            yield
