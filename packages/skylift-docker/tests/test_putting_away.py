"""Runs whose own process was killed: how their containers ended is known when those are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import skylift_docker_flows as flows
from skylift_docker_runs import arrived, containers, program, release, run

from skylift.client import Client
from skylift_contract.enums import ExecutionStatus as Status

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from skylift_docker.client import DockerClient
    from skylift_docker.orchestrator import DockerOrchestrator

    Make = Callable[..., DockerOrchestrator]


def test_how_an_orphan_ended_is_known_when_it_is_gone(make: Make, folder: Path, client: DockerClient) -> None:
    orchestrator = make()
    process = program(orchestrator, folder, "one_that_is_killed")
    with process:
        arrived(folder, "a")
        process.kill()
    left = Client().run("last")
    (container,) = containers(client, left)
    release(folder, "a")
    client.wait(str(container["Id"]))

    orchestrator.stop_run(left)

    assert containers(client, left) == []
    step = left.steps["waits_and_takes"]
    assert (step.status, step.reason) == (
        Status.FAILED,
        "it used more than its memory of 80MB, and was killed (OOM)",
    )


def test_how_an_orphaned_dynamic_run_ended_is_known_when_it_is_gone(
    make: Make, folder: Path, client: DockerClient
) -> None:
    orchestrator = make()
    process = program(orchestrator, folder, "apart_waiting")
    with process:
        arrived(folder, "a")
        process.kill()
    left = Client().run("last")
    found = sorted(containers(client, left), key=lambda one: one["Config"]["Labels"]["skylift.invocation"])
    killed(client, found)

    orchestrator.stop_run(left)

    assert containers(client, left) == []
    assert left.end is not None
    assert (left.end.status, left.end.reason) == (
        Status.FAILED,
        "its container was killed by SIGKILL (exit code 137)",
    )
    assert left.steps["waits_apart"].reason == "its container was killed by SIGKILL (exit code 137)"


def killed(client: DockerClient, found: list[dict[str, Any]]) -> None:
    import docker

    sdk = docker.DockerClient(client.host)
    for one in found:
        sdk.containers.get(one["Id"]).kill()
        client.wait(one["Id"])
    sdk.close()


def test_what_a_killed_process_left_is_removed_by_the_next_run(
    make: Make, folder: Path, client: DockerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no name that a reader could look up: so it is told which orchestrator to ask."""
    orchestrator = make()

    def asked(*_: object) -> DockerOrchestrator:
        return orchestrator

    monkeypatch.setattr("skylift.backends.orchestrator_of", asked)
    process = program(orchestrator, folder, "one_that_is_killed")
    with process:
        arrived(folder, "a")
        process.kill()
    left = Client().run("last")
    (container,) = containers(client, left)
    release(folder, "a")
    client.wait(str(container["Id"]))

    run(flows.named.with_options(orchestrator=orchestrator, enable_cache=False))

    assert containers(client, left) == []
    assert left.status is Status.FAILED
    assert (
        left.steps["waits_and_takes"].reason == "it used more than its memory of 80MB, and was killed (OOM)"
    )
