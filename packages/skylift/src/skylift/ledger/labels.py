"""Tags and notes of runs: what was said when they were asked for, and what people said since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from skylift.ledger import keys
from skylift.ledger.records import LabelRecord, Request, RunRecord, parse
from skylift.store.objects import Outcome
from skylift.utf8 import is_utf8
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from skylift.ledger.ledger import Ledger
    from skylift_contract.snapshot import PipelineSnapshot

LONGEST_NOTE: Final = 10_000
"""Characters of a note."""


@dataclass(frozen=True, slots=True)
class Labels:
    """Tags in the order in which they came, each once; notes, oldest first."""

    tags: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def with_record(self, record: LabelRecord) -> Labels:
        """What a revision makes of them."""
        kept = [tag for tag in self.tags if tag not in record.removed]
        notes = (*self.notes, record.note) if record.note else self.notes
        return Labels(tuple(dict.fromkeys([*kept, *record.added])), notes)


def read_labels(
    ledger: Ledger,
    record: RunRecord,
    snapshot: PipelineSnapshot | None = None,
    request: Request | None = None,
) -> Labels:
    """How they stand: of the pipeline, of the request, and of every revision since.

    `snapshot`, `request`: the run's, where they have been read already.

    Raises `DamagedObject` or `RecordTooNew` for one that cannot be read.
    """
    declared = (snapshot or ledger.snapshot(record.snapshot)).pipeline_configuration.tags
    if request is None and record.submission_id:
        request = ledger.request(record.submission_id)
    labels = Labels(tuple(dict.fromkeys(declared)))
    if request is not None:
        labels = labels.with_record(_asked(request))
    folder = keys.labels(record.run_id)
    numbered = ((keys.revision_of(key), key) for key in ledger.store.list(folder))
    revisions = [key for _, key in sorted((number, key) for number, key in numbered if number is not None)]
    for key, data in zip(revisions, ledger.store.get_many(revisions), strict=True):
        if data is not None:
            labels = labels.with_record(parse(LabelRecord, data, key))
    return labels


def _asked(request: Request) -> LabelRecord:
    return LabelRecord.model_construct(added=request.tags, removed=(), note=request.note)


def label(ledger: Ledger, run_id: str, record: LabelRecord) -> None:
    """Add a revision, whoever else adds one at this moment."""
    listed = (keys.revision_of(key) for key in ledger.store.list(keys.labels(run_id)))
    revision = max((number for number in listed if number is not None), default=-1) + 1
    data = record.to_bytes()
    while ledger.store.create(keys.label(run_id, revision), data).outcome is Outcome.OTHERS:
        revision += 1


def checked_note(note: str) -> str:
    """The note; raises `ConfigurationError` for one that is empty, too long, or no UTF-8."""
    if not note.strip():
        raise ConfigurationError("it is empty", who="note", fix="Say something.")
    if not is_utf8(note):
        raise ConfigurationError("it is not UTF-8", who="note", value=note[:50], fix="Write it anew.")
    if len(note) > LONGEST_NOTE:
        limit = f"{LONGEST_NOTE} characters"
        raise ConfigurationError(
            "it is too long",
            who="note",
            value=f"{len(note)} characters",
            limit=limit,
            fix="Give several: skylift runs note.",
        )
    return note
