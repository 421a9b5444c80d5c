"""Where each record lies. Keys are relative to `<store>/skylift/1/`.

A status stands in a key's name, so that one listing tells how every step of a run stands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from skylift_contract.names import step_key
from skylift_contract.status import AttemptEnd

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

RUNS: Final = "runs/"
INDEX: Final = "index/"
SCHEDULES: Final = "schedules/"
_REVISION: Final = re.compile(r"/([0-9]{4,})\.json\Z")
_ATTEMPT: Final = re.compile(r"[1-9][0-9]*")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = 10**16
"""Microseconds since 1970, in the year 2286; what a time is subtracted from to sort newest first."""


def snapshot(digest: str) -> str:
    return f"snapshots/{digest}.json"


def code(digest: str) -> str:
    return f"code/{digest}.zip"


def artifact(digest: str) -> str:
    return f"artifacts/{digest}/"


def request(submission: str) -> str:
    return f"submissions/{submission}/request.json"


def submitted_run(submission: str) -> str:
    return f"submissions/{submission}/run.json"


def run_folder(run: str) -> str:
    return f"{RUNS}{run}/"


def run(run: str) -> str:
    return f"{RUNS}{run}/run.json"


def stops(run: str) -> str:
    return f"{RUNS}{run}/stop/"


def stop(run: str, revision: int) -> str:
    return f"{stops(run)}{revision:04}.json"


def failures(run: str) -> str:
    return f"{RUNS}{run}/failed/"


def failed(run: str, revision: int) -> str:
    return f"{failures(run)}{revision:04}.json"


def ends(run: str) -> str:
    return f"{RUNS}{run}/end/"


def end(run: str, revision: int) -> str:
    return f"{ends(run)}{revision:04}.json"


def labels(run: str) -> str:
    return f"{RUNS}{run}/labels/"


def label(run: str, revision: int) -> str:
    return f"{labels(run)}{revision:04}.json"


def steps(run: str) -> str:
    return f"{RUNS}{run}/steps/"


def step_folder(run: str, invocation: str) -> str:
    return f"{RUNS}{run}/steps/{step_key(invocation)}/"


def result(run: str, invocation: str) -> str:
    return f"{RUNS}{run}/steps/{step_key(invocation)}/result.json"


def attempt_start(run: str, invocation: str, attempt: int) -> str:
    return f"{RUNS}{run}/steps/{step_key(invocation)}/{attempt}/start.json"


def attempt_end(run: str, invocation: str, attempt: int, how: AttemptEnd) -> str:
    return f"{RUNS}{run}/steps/{step_key(invocation)}/{attempt}/end-{how.value}.json"


def calls(run: str) -> str:
    return f"{RUNS}{run}/calls/"


def call(run: str, invocation: str) -> str:
    return f"{calls(run)}{step_key(invocation)}.json"


def logs(run: str, invocation: str) -> str:
    return f"{RUNS}{run}/logs/{step_key(invocation)}/"


def all_logs(run: str) -> str:
    return f"{RUNS}{run}/logs/"


def log_chunk(run: str, invocation: str, attempt: int, number: int) -> str:
    """Zero-padded, so that listings come in the order of writing."""
    return f"{logs(run, invocation)}{attempt:04}/{number:08}.txt"


def index(run: str, created: datetime) -> str:
    return f"{INDEX}{inverted(created):016}-{run}"


def schedule_folder(name: str) -> str:
    return f"{SCHEDULES}{step_key(name)}/"


def schedule(name: str, revision: int) -> str:
    return f"{schedule_folder(name)}{revision:04}.json"


def cache_folder(key: str) -> str:
    return f"cache/{key}/"


def cache(key: str, revision: int) -> str:
    return f"{cache_folder(key)}{revision:04}.json"


def inverted(moment: datetime) -> int:
    """Counts down as time goes on, so that the newest sorts first; from 1970 to 2286."""
    return _LATEST - (moment - _EPOCH) // timedelta(microseconds=1)


def index_time(key: str) -> datetime:
    """The moment that an entry's key holds: `index` backwards."""
    return _EPOCH + timedelta(microseconds=_LATEST - int(key.removeprefix(INDEX).split("-", 1)[0]))


def is_index(key: str) -> bool:
    """Whether it is an entry, and not what a file manager left in the folder."""
    return re.fullmatch(rf"{INDEX}\d{{16}}-[0-9a-f-]{{36}}", key) is not None


def run_of_index(key: str) -> str:
    return key.removeprefix(INDEX).split("-", 1)[1]


def remedy(key: str) -> str:
    """What to do about a record that is damaged."""
    folder, _, rest = key.partition("/")
    return (
        f"Restore it, or: skylift runs delete {rest.partition('/')[0]}" if folder == "runs" else "Restore it."
    )


def revision_of(key: str) -> int | None:
    """The number of a revision's key; None for a key that is no revision's."""
    match = _REVISION.search(key)
    return int(match[1]) if match else None


@dataclass(frozen=True, slots=True)
class StepListing:
    """What the keys below one step say."""

    committed: bool
    attempts: Mapping[int, frozenset[AttemptEnd]]


@dataclass(frozen=True, slots=True)
class RunListing:
    """What the keys below one run say; `steps` by step key, the others are revisions, rising."""

    steps: Mapping[str, StepListing]
    ends: tuple[int, ...] = ()
    failures: tuple[int, ...] = ()
    stops: tuple[int, ...] = ()


def read_run_listing(run: str, found: Iterable[str]) -> RunListing:
    """Sort out the keys below `runs/<run>/`; a key of a newer layout is passed over."""
    committed: set[str] = set()
    attempts: dict[str, dict[int, frozenset[AttemptEnd]]] = {}
    revisions: dict[str, list[int]] = {"end": [], "failed": [], "stop": []}
    for key in found:
        match key.removeprefix(run_folder(run)).split("/"):
            case [("end" | "failed" | "stop") as kind, _] if (number := revision_of(key)) is not None:
                revisions[kind].append(number)
            case ["steps", step, "result.json"]:
                committed.add(step)
            case ["steps", step, number, name] if _ATTEMPT.fullmatch(number):
                _note_attempt(attempts.setdefault(step, {}), int(number), name)
            case _:
                pass
    steps = {
        step: StepListing(step in committed, attempts.get(step, {}))
        for step in sorted(committed | {step for step, known in attempts.items() if known})
    }
    return RunListing(steps, *(tuple(sorted(revisions[kind])) for kind in ("end", "failed", "stop")))


_ENDS: Final = {f"end-{how.value}.json": how for how in AttemptEnd}


def _note_attempt(attempts: dict[int, frozenset[AttemptEnd]], number: int, name: str) -> None:
    known = attempts.get(number, frozenset())
    if name in _ENDS:
        attempts[number] = known | {_ENDS[name]}
    elif name == "start.json":
        attempts[number] = known
