"""The pipelines that the suites run; their steps tell what they saw."""

from __future__ import annotations

import base64
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from skylift import StepRetryConfig, get_step_context, log_metadata, pipeline, step
from skylift_contract.canonical import digest
from skylift_testkit import signals

if TYPE_CHECKING:
    from collections.abc import Mapping

Told = dict[str, str]
LINGERS_S = 0.5


def _told(variables: Mapping[str, str]) -> Told:
    return {name: value for name, value in variables.items() if name.startswith("CONFORMANCE_")}


def _at_start() -> Mapping[str, str]:
    """What the process was started with: proc(5) keeps it, whatever was set since."""
    rows = Path("/proc/self/environ").read_bytes().split(b"\0")
    pairs = (row.decode(errors="replace").partition("=") for row in rows)
    return {name: value for name, _, value in pairs}


@step
def first(value: int) -> tuple[Annotated[int, "value"], Annotated[Told, "told"]]:
    return value, _tell()


@step
def double(value: int) -> tuple[Annotated[int, "value"], Annotated[Told, "told"]]:
    return value * 2, _tell()


@step
def total(values: list[int]) -> tuple[Annotated[int, "value"], Annotated[Told, "told"]]:
    return sum(values), _tell()


@step(environment={"CONFORMANCE_OWN": "own", "CONFORMANCE_BOTH": "step"})
def environment() -> tuple[Annotated[Told, "in_step"], Annotated[Told, "at_start"]]:
    return _told(os.environ), _told(_at_start())


beside = environment.with_options(environment={"CONFORMANCE_BESIDE": "beside"})


@step
def fail(value: int) -> int:
    raise ValueError(f"conformance {value}")


@step(retry=StepRetryConfig(max_retries=2))
def second_try() -> int:
    attempt = get_step_context().attempt
    if attempt == 1:
        raise RuntimeError("the first attempt fails")
    return attempt


@step
def use_secret(name: str) -> str:
    """Says which secret it has by its digest only; what it prints is for the log pump to hide."""
    secret = get_step_context().secrets[name].get_secret_value()
    encoded, half = base64.b64encode(secret.encode()).decode(), len(secret) // 2
    sys.stdout.write(f"conformance: it is {os.environ[name]}, in base64 {encoded}, in halves {secret[:half]}")
    sys.stdout.flush()
    sys.stdout.write(f"{secret[half:]}\n")
    log_metadata({"secret": secret})
    return digest(secret.encode())


@step
def fail_with_secret(name: str) -> None:
    raise ValueError(f"conformance: it is {os.environ[name]}")


def _tell() -> Told:
    context = get_step_context()
    return {"run_id": context.run_id, "orchestrator_run_id": context.orchestrator_run_id}


@pipeline
def diamond(value: int = 3) -> None:
    start, _ = first(value)
    left, _ = double(start)
    right, _ = double(start)
    total([left, right])


@pipeline
def telling() -> None:
    start, _ = first(1)
    double(start)


@step
def times(value: int, factor: int) -> int:
    return value * factor


@pipeline
def product(value: int, factor: int) -> None:
    start, _ = first(value)
    times(start, factor)


@pipeline(environment={"CONFORMANCE_ALL": "all", "CONFORMANCE_BOTH": "pipeline"})
def environments() -> None:
    environment()
    beside(id="beside")


@pipeline
def failing() -> None:
    start, _ = first(1)
    double(fail(start))
    double(start)


@pipeline
def secretive(name: str) -> None:
    use_secret(name)
    fail_with_secret(name)


@pipeline
def retrying() -> None:
    second_try()


@step
def waits(value: int) -> int:
    """Says that it runs, and ends when it is told to."""
    store = signals.of_step()
    sys.stdout.write("conformance: it arrived\n")
    sys.stdout.flush()
    signals.say(store, "arrived")
    signals.wait_for(store, "go-on")
    return value


@step
def lingers(value: int) -> int:
    """Says that it runs, and ends when the run was asked to stop and whoever asked goes on.

    A little later than that: a backend that does not let it finish has the time to show it.
    """
    ledger = signals.ledger_of_step()
    signals.say(ledger.store, "arrived")
    while ledger.stop_request(get_step_context().run_id) is None:
        time.sleep(signals.PAUSE_S)
    signals.wait_for(ledger.store, "go-on")
    time.sleep(LINGERS_S)
    return value


@pipeline
def waiting() -> None:
    start, _ = first(1)
    double(waits(start), id="last")


@pipeline
def lingering() -> None:
    double(lingers(1), id="last")
