"""Running what was recorded: the source that a run was made of, and not what lies here today."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from skylift.authoring.sources import INTERACTIVE, forgotten, is_live
from skylift.backends import LOCAL
from skylift.code import is_installed, is_of_a_package
from skylift.ledger import keys, process
from skylift.runtime.opening import code_on_path
from skylift_contract.errors import ConfigurationError, DamagedObject

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from skylift.launch.plan import Plan
    from skylift.ledger.ledger import Ledger
    from skylift.models import PipelineRun
    from skylift_contract.snapshot import PipelineSnapshot

_OURS: Final = frozenset({"__main__", "skylift", "skylift_contract"})
"""What runs already; in Skylift's own project it is part of the source."""


def check_code(run: PipelineRun, snapshot: PipelineSnapshot) -> None:
    """Raise `DamagedObject` or `ConfigurationError` where a run's source is not to be had any more."""
    fix = f"Run what is left with today's source: skylift runs resume {run.id} FILE.py"
    code = snapshot.code
    if code is not None and not run.ledger.store.exists(keys.code(code.digest)):
        where = f"code {code.digest} of run {run.id}"
        raise DamagedObject(f"it is missing in {run.ledger.store.uri}", who=where, fix=fix)
    if snapshot.runtime.flavor == LOCAL and not _is_kept(snapshot) and not _is_defined_here(run, snapshot):
        raise ConfigurationError(
            "its source was not kept with it, so only the process that defined its steps can resume it",
            who=f"run {run.id}",
            fix=fix,
        )


def _is_kept(snapshot: PipelineSnapshot) -> bool:
    """Whether the archive holds all that is left; of a notebook's steps it holds none.

    What is all of installed packages needs no archive.
    """
    if snapshot.code is None:
        return all(map(is_of_a_package, _sources(snapshot)))
    return not any(source.startswith(f"{INTERACTIVE}:") for source in _sources(snapshot))


def _sources(snapshot: PipelineSnapshot) -> list[str]:
    """What this process must have, or import: of a dynamic run the pipeline's function, too."""
    own = [snapshot.pipeline_configuration.source] if snapshot.is_dynamic else []
    return [*own, *(step.spec.source for step in snapshot.steps)]


def _is_defined_here(run: PipelineRun, snapshot: PipelineSnapshot) -> bool:
    writer = run.record.writer if run.record else None
    if writer is None or (writer.host, writer.boot_id, writer.pid, writer.process_start) != process.me():
        return False
    return all(map(is_live, _sources(snapshot)))


@contextmanager
def code_of(plan: Plan, ledger: Ledger) -> Generator[None]:
    """Within it, steps that this process runs itself are those of the plan's own source.

    A plan that was compiled here has that already; the source of one that resumes a run is
    unpacked, and modules of its names that were imported before are put back afterwards.
    """
    code, config = plan.snapshot.code, plan.stack.orchestrator.config
    if plan.resumes is None or plan.source is not None or code is None or not config.is_synchronous:
        yield
        return
    before = list(sys.path)
    try:
        with code_on_path(ledger, code), forgotten(_modules(sys.path[: len(code.paths)])):
            yield
    finally:
        sys.path[:] = before


def _modules(folders: Iterable[str]) -> frozenset[str]:
    """The top-level modules of the user's that can be imported from folders."""
    found = (path for folder in folders if Path(folder).is_dir() for path in Path(folder).iterdir())
    names = {path.stem for path in found if path.suffix == ".py" or path.is_dir()}
    return frozenset(name for name in names - _OURS - sys.stdlib_module_names if not _is_of_a_package(name))


def _is_of_a_package(name: str) -> bool:
    """Whether a module that is imported is an installed one: a folder of data may be called `numpy`."""
    file = getattr(sys.modules.get(name), "__file__", None)
    return file is not None and is_installed(Path(file).resolve())
