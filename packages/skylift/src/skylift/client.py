"""Looking at what a store holds."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING
from uuid import UUID

from skylift import project
from skylift.ledger import keys
from skylift.ledger.ledger import Ledger
from skylift.models import PipelineRun
from skylift.store.location import open_store
from skylift_contract.errors import ConfigurationError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORTEST_PREFIX = 4
"""Characters of a run id that a person may abbreviate it to, when only one run fits."""


class Client:
    """Reads runs from a store.

    Args:
        store: The artifact store's URI; by default the active stack's.
    """

    def __init__(self, store: str | None = None) -> None:
        self.ledger = Ledger(open_store(store or project.default_store_uri()))

    def runs(self, pipeline: str | None = None) -> Iterator[PipelineRun]:
        """Runs, newest first; read as they are asked for."""
        for record in self.ledger.newest_runs():
            if pipeline is None or record.pipeline == pipeline:
                yield PipelineRun.of_record(self.ledger, record)

    def newest(self, limit: int, pipeline: str | None = None) -> list[PipelineRun]:
        if pipeline is None:
            return [PipelineRun.of_record(self.ledger, record) for record in self.ledger.newest_runs(limit)]
        return list(islice(self.runs(pipeline), limit))

    def run(self, name: str | UUID) -> PipelineRun:
        """A run by its id, the start of it, or `last`.

        Raises `UnknownName` when there is none, `ConfigurationError` when several fit.
        """
        text = str(name)
        record = self.ledger.run(text) if _is_uuid(text) else None
        if record is None and text == "last":
            record = next(self.ledger.newest_runs(1), None)
        if record is None and len(text) >= SHORTEST_PREFIX:
            record = self.ledger.run(self._completed(text))
        if record is None:
            raise UnknownName(
                "run", text, (), fix=f"Looked in {self.ledger.store.uri}. See: skylift runs list"
            )
        return PipelineRun.of_record(self.ledger, record)

    def _completed(self, prefix: str) -> str:
        fit = [
            run
            for key in self.ledger.store.list(keys.INDEX)
            if (run := keys.run_of_index(key)).startswith(prefix)
        ]
        if len(fit) > 1:
            raise ConfigurationError(
                f"{len(fit)} runs begin with that: {', '.join(fit[:3])}",
                who=f"run {prefix!r}",
                fix="Give more of it.",
            )
        return fit[0] if fit else prefix


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
