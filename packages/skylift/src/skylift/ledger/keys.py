"""Where each record lies. Keys are relative to `<store>/skylift/1/`.

A status stands in a key's name, so that one listing tells how every step of a run stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from skylift_contract.names import step_key
from skylift_contract.status import AttemptEnd

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

RUNS: Final = "runs/"
INDEX: Final = "index/"
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


def stop(run: str) -> str:
    return f"{RUNS}{run}/stop.json"


def failed(run: str, revision: int) -> str:
    return f"{RUNS}{run}/failed/{revision:04}.json"


def end(run: str, revision: int) -> str:
    return f"{RUNS}{run}/end/{revision:04}.json"


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
    return f"schedules/{step_key(name)}/"


def schedule(name: str, revision: int) -> str:
    return f"{schedule_folder(name)}{revision:04}.json"


def inverted(moment: datetime) -> int:
    """Counts down as time goes on, so that the newest sorts first."""
    return _LATEST - (moment - _EPOCH) // timedelta(microseconds=1)


def run_of_index(key: str) -> str:
    return key.removeprefix(INDEX).split("-", 1)[1]


@dataclass(frozen=True, slots=True)
class StepListing:
    """What the keys below one step say."""

    committed: bool
    attempts: Mapping[int, frozenset[AttemptEnd]]


@dataclass(frozen=True, slots=True)
class RunListing:
    """What the keys below one run say; `steps` by step key, `ends` and `failures` by revision."""

    steps: Mapping[str, StepListing]
    ends: tuple[int, ...]
    failures: tuple[int, ...]
    stop_asked: bool


def read_run_listing(run: str, found: Iterable[str]) -> RunListing:
    """Sort out the keys below `runs/<run>/`; a key of a newer layout is passed over."""
    committed: set[str] = set()
    attempts: dict[str, dict[int, frozenset[AttemptEnd]]] = {}
    revisions: dict[str, list[int]] = {"end": [], "failed": []}
    stop_asked = False
    for key in found:
        match key.removeprefix(run_folder(run)).split("/"):
            case ["stop.json"]:
                stop_asked = True
            case [("end" | "failed") as kind, name] if name.removesuffix(".json").isdigit():
                revisions[kind].append(int(name.removesuffix(".json")))
            case ["steps", step, "result.json"]:
                committed.add(step)
            case ["steps", step, number, name] if number.isdigit():
                _note_attempt(attempts.setdefault(step, {}), int(number), name)
            case _:
                pass
    steps = {
        step: StepListing(step in committed, attempts.get(step, {}))
        for step in sorted(committed | set(attempts))
    }
    return RunListing(steps, tuple(sorted(revisions["end"])), tuple(sorted(revisions["failed"])), stop_asked)


_ENDS: Final = {f"end-{how.value}.json": how for how in AttemptEnd}


def _note_attempt(attempts: dict[int, frozenset[AttemptEnd]], number: int, name: str) -> None:
    known = attempts.get(number, frozenset())
    if name in _ENDS:
        attempts[number] = known | {_ENDS[name]}
    elif name == "start.json":
        attempts[number] = known
