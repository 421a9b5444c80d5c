"""Looking at what a store holds."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING
from uuid import UUID

from skylift.ledger import keys
from skylift.ledger.index import newest_runs
from skylift.ledger.ledger import Ledger
from skylift.ledger.unread import UnreadRun
from skylift.models import PipelineRun
from skylift.stacks.build import active_store, store_named
from skylift.store.location import open_store
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skylift.ledger.records import RunRecord

SHORTEST_PREFIX = 4
"""Characters of a run id that a person may abbreviate it to, when only one run fits."""


class Client:
    """Reads runs from a store.

    Args:
        store: The artifact store's URI, or its name; by default the active stack's.
    """

    def __init__(self, store: str | None = None) -> None:
        place = store_named(store) if store else active_store()
        self.ledger = Ledger(open_store(place.uri, place.options))

    @classmethod
    def of(cls, ledger: Ledger) -> Client:
        """A client of a store that is open already."""
        made = cls.__new__(cls)
        made.ledger = ledger
        return made

    def runs(self, pipeline: str | None = None) -> Iterator[PipelineRun]:
        """Runs, newest first; read as they are asked for.

        One whose record cannot be read is among them, unless they are of one pipeline: its
        status is UNKNOWN, and its reason says why.
        """
        for record in newest_runs(self.ledger, pipeline=pipeline):
            if pipeline is None or record.pipeline == pipeline:
                yield PipelineRun.of_record(self.ledger, record)

    def newest(self, limit: int, pipeline: str | None = None) -> list[PipelineRun]:
        if pipeline is None:
            return [PipelineRun.of_record(self.ledger, record) for record in newest_runs(self.ledger, limit)]
        return list(islice(self.runs(pipeline), limit))

    def run(self, name: str | UUID) -> PipelineRun:
        """A run by its id, the start of it, its submission's id, or `last`.

        Raises `ConfigurationError` when there is none, or when several fit, and `StoreError`
        when its record cannot be read.
        """
        text = str(name)
        if text == "last":
            record = next(newest_runs(self.ledger, 1), None)
        else:
            record = self._record(found) if (found := self._id(text)) else None
        if record is None:
            what = "there is no run yet" if text == "last" else f"there is no run {text!r}"
            raise ConfigurationError(what, who=self.ledger.store.uri, fix="See: skylift runs list")
        if isinstance(record, UnreadRun):
            raise record.error
        return PipelineRun.of_record(self.ledger, record)

    def _record(self, name: str) -> RunRecord | None:
        """Of a run's id, or of a submission's that became one; raises where it has not yet."""
        if record := self.ledger.run(name):
            return record
        if linked := self.ledger.run_of_submission(name):
            return self.ledger.run(linked)
        if request := self.ledger.request(name):
            raise ConfigurationError(
                f"none of its steps has started, so {request.flavor} has not said which run it is",
                who=f"submission {name}",
                fix="Look again in a while.",
            )
        return None

    def _id(self, text: str) -> str | None:
        """The id that a text is, or the only one that begins so."""
        try:
            return str(UUID(text))
        except ValueError:
            pass
        fit = (
            [run for run in self._ids() if run.startswith(text.lower())]
            if len(text) >= SHORTEST_PREFIX
            else []
        )
        if len(fit) > 1:
            raise ConfigurationError(
                f"{len(fit)} runs begin with that: {', '.join(fit[:3])}",
                who=f"run {text!r}",
                fix="Give more of it.",
            )
        return fit[0] if fit else None

    def _ids(self) -> Iterator[str]:
        found = self.ledger.store.list(keys.INDEX)
        return (keys.run_of_index(key) for key in found if keys.is_index(key))
