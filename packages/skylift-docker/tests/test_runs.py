"""Whole runs on a real engine: limits, retries, stops, and that nothing is left behind."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import skylift_docker_flows as flows
from skylift_docker_runs import arrived, beside, containers, lines, mounted, program, release, run, status

from skylift import ExecutionMode, ResourceSettings, stopping
from skylift.client import Client
from skylift.dynamic.engine import UNINTERRUPTED
from skylift.ledger.records import StopRecord
from skylift_contract.enums import ExecutionStatus as Status
from skylift_docker.client import DockerClient
from skylift_docker.names import SUBMISSION
from skylift_docker.watching import is_running, steps_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from skylift_docker.orchestrator import DockerOrchestrator

    Make = Callable[..., DockerOrchestrator]


def test_a_container_is_what_was_asked_for(
    make: Make, folder: Path, client: DockerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_TEST_PASSWORD", "a-secret-0123456789")
    seen: list[dict[str, Any]] = []

    def look() -> None:
        arrived(folder, "a")
        seen.extend(containers(client, Client().run("last")))
        release(folder, "a")

    resources = ResourceSettings(cpu_count=0.5, memory="100MB")
    own = {"shm_size": "32MB", "environment": {"FLAVORS": "own"}, "run_args": {"cap_drop": ["NET_RAW"]}}
    thread = beside(look)
    pipeline = mounted(flows.secretive, folder, make(), own=own, settings={"resources": resources})
    found = run(pipeline, folder=str(folder))
    thread.join()

    assert found.status is Status.COMPLETED, found.reason
    (container,) = seen
    host, config = container["HostConfig"], container["Config"]
    assert (host["NanoCpus"], host["Memory"], host["MemorySwap"]) == (500_000_000, 100_000_000, 100_000_000)
    assert (host["ShmSize"], host["CapDrop"], host["Privileged"]) == (32_000_000, ["NET_RAW"], False)
    assert "FLAVORS=own" in config["Env"]
    assert config["Labels"]["skylift.invocation"] == "waits"
    assert config["Labels"]["skylift.run"] == str(found.id)
    assert config["Labels"]["skylift.attempt"] == "1"
    assert "DOCKER_TEST_PASSWORD=a-secret-0123456789" in config["Env"]
    del config["Env"]
    assert "a-secret" not in repr(container)
    assert containers(client, found) == []


def test_what_steps_print_is_shown_as_it_comes(
    make: Make, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    orchestrator = make()
    logged: list[str] = []

    def look() -> None:
        arrived(folder, "a")
        follow = orchestrator.fetch_logs(Client().run("last"), "waits", follow=True)
        logged.append(next(iter(follow)))
        release(folder, "a")
        logged.extend(follow)

    thread = beside(look)
    found = run(mounted(flows.waiting, folder, orchestrator), folder=str(folder))
    thread.join()

    assert logged == ["a is here"]
    assert "waits | a is here\n" in capsys.readouterr().out
    assert list(orchestrator.fetch_logs(found, "waits")) == ["a is here"]


def test_steps_run_side_by_side(make: Make, folder: Path) -> None:
    def script() -> None:
        arrived(folder, "a")
        arrived(folder, "b")
        release(folder, "a")
        release(folder, "b")

    thread = beside(script)
    found = run(mounted(flows.two, folder, make(max_parallelism=2)), folder=str(folder))
    thread.join()
    assert status(found) == {"waits": "completed", "waits_2": "completed"}


def test_at_most_so_many_run_at_once(make: Make, folder: Path, client: DockerClient) -> None:
    seen: list[int] = []

    def script() -> None:
        for name in ("a", "b"):
            arrived(folder, name)
            seen.append(len(containers(client, Client().run("last"))))
            release(folder, name)

    thread = beside(script)
    run(mounted(flows.two, folder, make(max_parallelism=1)), folder=str(folder))
    thread.join()
    assert seen == [1, 1]


def test_one_that_used_more_than_its_memory_is_tried_again_in_a_fresh_container(
    make: Make, folder: Path
) -> None:
    found = run(mounted(flows.hungry, folder, make()), folder=str(folder), attempts=1)

    assert found.steps["greedy"].outputs["output"].load() == 2, found.reason
    (first, one), (second, other) = (line.split() for line in lines(folder, "greedy"))
    assert (first, second) == ("1", "2")
    assert one != other


def test_the_memory_that_was_not_enough_is_said(make: Make, folder: Path, client: DockerClient) -> None:
    found = run(mounted(flows.hungry, folder, make()), folder=str(folder), attempts=2)

    assert len(lines(folder, "greedy")) == 2
    assert found.steps["greedy"].status is Status.FAILED
    assert found.steps["greedy"].reason == "it used more than its memory of 80MB, and was killed (OOM)"
    assert containers(client, found) == []


def test_files_of_the_store_are_theirs_who_submit(make: Make, store: str, somebody: int) -> None:
    found = run(flows.owned.with_options(orchestrator=make(), enable_cache=False))

    outputs = found.steps["own_user"].outputs
    assert [outputs[name].load() for name in ("uid", "gid")] == [somebody, somebody]
    (result,) = Path(store.removeprefix("file://")).rglob("result.json")
    assert result.stat().st_uid == somebody


@pytest.mark.parametrize("mode", [ExecutionMode.FAIL_FAST, ExecutionMode.STOP_ON_FAILURE])
def test_what_a_failure_does_to_a_step_that_runs(make: Make, folder: Path, mode: ExecutionMode) -> None:
    def script() -> None:
        arrived(folder, "b")
        arrived(folder, "a")
        release(folder, "a")  # and now `fails` starts
        if mode is ExecutionMode.STOP_ON_FAILURE:
            release(folder, "b")

    thread = beside(script)
    pipeline = mounted(flows.one_fails, folder, make(max_parallelism=2), execution_mode=mode)
    found = run(pipeline, folder=str(folder))
    thread.join()

    is_stopped = mode is ExecutionMode.FAIL_FAST
    assert status(found) == {
        "waits": "completed",
        "fails": "failed",
        "waits_2": "stopped" if is_stopped else "completed",
    }
    assert lines(folder, "b") == (["StopRequested"] if is_stopped else [])


def test_a_container_that_is_stopped_by_its_engine_is_a_stopped_step(
    make: Make, folder: Path, client: DockerClient
) -> None:
    def script() -> None:
        arrived(folder, "a")
        for one in containers(client, Client().run("last")):
            client.stop(str(one["Id"]), 20)

    thread = beside(script)
    found = run(mounted(flows.waiting, folder, make()), folder=str(folder))
    thread.join()

    assert status(found) == {"waits": "stopped", "after": "skipped"}
    assert found.status is Status.STOPPED
    assert lines(folder, "a") == ["StopRequested"]


@pytest.mark.parametrize("graceful", [True, False])
def test_a_run_is_stopped_from_elsewhere(
    make: Make, folder: Path, client: DockerClient, graceful: bool
) -> None:
    orchestrator = make()

    def script() -> None:
        arrived(folder, "a")
        found = Client().run("last")
        found.ledger.request_stop(str(found.id), StopRecord(graceful=graceful))
        orchestrator.stop_run(found, graceful)
        if graceful:
            release(folder, "a")

    thread = beside(script)
    found = run(mounted(flows.waiting, folder, orchestrator), folder=str(folder))
    thread.join()

    assert found.status is Status.STOPPED
    assert found.steps["waits"].status is (Status.COMPLETED if graceful else Status.STOPPED)
    assert found.steps["after"].status in {Status.SKIPPED, Status.NOT_STARTED}
    assert containers(client, found) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("pipeline", ["waiting", "apart_waiting"])
def test_a_signal_stops_the_run_and_leaves_nothing(
    make: Make, folder: Path, client: DockerClient, number: int, pipeline: str
) -> None:
    process = program(make(), folder, pipeline)
    with process:
        arrived(folder, "a")
        process.send_signal(number)
        output, _ = process.communicate()

    found = Client().run("last")
    assert found.status is Status.STOPPED, output
    assert {one for name, one in status(found).items() if name.startswith("waits")} == {"stopped"}, output
    assert containers(client, found) == []


def interrupted(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)


def asked_to_stop(_: subprocess.Popen[str]) -> None:
    stopping.stop(Client().run("last"), graceful=False, user="tests")


@contextmanager
def ended_by_a_failure(process: subprocess.Popen[str]) -> Generator[None]:
    """Else whoever waits for it waits for a step that nobody lets go."""
    try:
        yield
    except BaseException:
        process.kill()
        raise


def killed_and_stopped(process: subprocess.Popen[str]) -> None:
    process.kill()
    stopping.stop(Client().run("last"), graceful=False, user="tests")


@pytest.mark.parametrize("stop", [interrupted, asked_to_stop, killed_and_stopped])
def test_a_stop_ends_every_isolated_step_within_its_grace(
    make: Make,
    folder: Path,
    client: DockerClient,
    stop: Callable[[subprocess.Popen[str]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    orchestrator = make()

    def asked(*_: object) -> DockerOrchestrator:
        return orchestrator

    monkeypatch.setattr("skylift.backends.orchestrator_of", asked)
    with program(orchestrator, folder, "apart_waiting_at_once") as process, ended_by_a_failure(process):
        for name in ("a", "b"):
            arrived(folder, name)
        stop(process)
        output, _ = process.communicate(timeout=60)

    found = Client().run("last")
    stopped = {f"map:either_waits:{n}": "stopped" for n in range(2)}
    assert (found.status, status(found)) == (Status.STOPPED, stopped), output
    assert [lines(folder, name) for name in ("a", "b")] == [["StopRequested"]] * 2
    assert not any(UNINTERRUPTED in step.reason for step in found.steps.values())
    assert containers(client, found) == []


@pytest.mark.parametrize("stop", [interrupted, asked_to_stop])
def test_a_stop_after_a_failure_is_a_stop(
    make: Make, folder: Path, stop: Callable[[subprocess.Popen[str]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    orchestrator = make(max_parallelism=2)

    def asked(*_: object) -> DockerOrchestrator:
        return orchestrator

    monkeypatch.setattr("skylift.backends.orchestrator_of", asked)
    process = program(orchestrator, folder, "fails_beside")
    with process:
        arrived(folder, "a")
        found = Client().run("last")
        while status(found)["fails"] != "failed":
            assert process.poll() is None
        stop(process)
        output, _ = process.communicate(timeout=60)

    assert (found.status, status(found)) == (Status.STOPPED, {"fails": "failed", "waits": "stopped"}), output


def test_a_run_whose_process_was_killed_can_be_stopped(
    make: Make, folder: Path, client: DockerClient
) -> None:
    orchestrator = make()
    process = program(orchestrator, folder)
    with process:
        arrived(folder, "a")
        process.kill()
    found = Client().run("last")
    (container,) = containers(client, found)
    seen = orchestrator.fetch_status(found, include_steps=True)
    assert (seen.status, seen.reason) == (
        Status.RUNNING,
        "the process that coordinated it died; what it had started runs on",
    )
    assert {name: step.status for name, step in seen.steps.items()} == {"waits": Status.RUNNING}
    assert is_running(container)

    orchestrator.stop_run(found)

    assert containers(client, found) == []
    seen = orchestrator.fetch_status(found)
    assert (seen.status, seen.reason) == (Status.FAILED, "the process that coordinated it died")
    assert lines(folder, "a") == ["StopRequested"]


def test_a_run_is_found_by_its_submission_while_it_has_containers(
    make: Make, folder: Path, client: DockerClient
) -> None:
    orchestrator = make()
    asked: list[str | None] = []

    def script() -> None:
        arrived(folder, "a")
        found = Client().run("last")
        asked.append(orchestrator.find_run(str(found.submission_id)))
        asked.append(orchestrator.find_run("never-made"))
        release(folder, "a")

    thread = beside(script)
    found = run(mounted(flows.waiting, folder, orchestrator), folder=str(folder))
    thread.join()
    assert asked == [found.orchestrator_run_id, None]
    assert client.containers({SUBMISSION: str(found.submission_id)}) == []


@pytest.mark.parametrize(("run_args", "is_first"), [({}, False), ({"init": False}, True)])
def test_what_a_step_leaves_is_reaped_unless_it_is_to_be_the_first_process(
    make: Make, run_args: dict[str, bool], is_first: bool
) -> None:
    found = run(flows.with_orphans.with_options(orchestrator=make(run_args=run_args), enable_cache=False))
    outputs = found.steps["left_behind"].outputs
    assert (outputs["process_id"].load() == 1) is is_first, found.reason
    assert outputs["is_zombie"].load() is is_first


def test_containers_are_kept_where_that_is_asked_for(make: Make, client: DockerClient) -> None:
    found = run(flows.named.with_options(orchestrator=make(remove_containers=False), enable_cache=False))
    kept = containers(client, found)
    try:
        assert {name: one.status for name, one in steps_of(kept).items()} == {"host_name": Status.COMPLETED}
        assert found.steps["host_name"].outputs["output"].load() == kept[0]["Config"]["Hostname"]
    finally:
        for one in kept:
            client.remove(str(one["Id"]))


def test_the_hosts_network_can_be_used(make: Make) -> None:
    found = run(flows.named.with_options(orchestrator=make(network="host"), enable_cache=False))
    assert found.steps["host_name"].outputs["output"].load() == socket.gethostname()


def test_a_dynamic_pipeline_runs_in_a_container_of_its_own(make: Make, client: DockerClient) -> None:
    found = run(flows.inline.with_options(orchestrator=make(), enable_cache=False))

    assert found.status is Status.COMPLETED, found.reason
    assert status(found) == {"after": "completed", "after_2": "completed"}
    assert containers(client, found) == []


def test_isolated_steps_have_containers_beside_it(make: Make, folder: Path, client: DockerClient) -> None:
    found = run(mounted(flows.apart, folder, make()), folder=str(folder))

    assert found.status is Status.COMPLETED, found.reason
    ((inline, isolated),) = (line.split() for line in lines(folder, "apart"))
    assert len({inline, isolated, socket.gethostname()}) == 3
    assert containers(client, found) == []


def test_isolated_steps_that_are_the_first_and_start_at_once_all_give_their_outputs(
    make: Make, folder: Path, client: DockerClient
) -> None:
    found = run(mounted(flows.apart_at_once, folder, make()), folder=str(folder))

    assert found.status is Status.COMPLETED, found.reason
    assert status(found) == {f"map:squared_apart:{n}": "completed" for n in range(3)}
    assert lines(folder, "squares") == ["[1, 4, 9]"]
    assert containers(client, found) == []


def test_what_an_isolated_step_prints_is_shown_as_it_comes(make: Make, folder: Path) -> None:
    wanted = {f"map:either_waits:{n} | {name} is here\n" for n, name in enumerate("ab")}
    with program(make(), folder, "apart_waiting_at_once") as process, ended_by_a_failure(process):
        for name in ("a", "b"):
            arrived(folder, name)
        assert process.stdout is not None
        while wanted:
            wanted.discard(process.stdout.readline())
        for name in ("a", "b"):
            release(folder, name)
        rest = process.stdout.read()
    assert process.returncode == 0, rest


def test_what_isolated_steps_print_is_in_the_store_while_they_run(
    make: Make, folder: Path, store: str
) -> None:
    """`skylift runs logs --follow` reads it there, as that of any step."""
    wanted = {f"map:either_waits:{n} | {name} is here\n" for n, name in enumerate("ab")}
    with program(make(), folder, "apart_waiting_at_once") as process, ended_by_a_failure(process):
        for name in ("a", "b"):
            arrived(folder, name)
        argv = [str(Path(sys.executable).with_name("skylift")), "runs", "logs", "last", "--follow"]
        with subprocess.Popen([*argv, "--store", store], stdout=subprocess.PIPE, text=True) as logs:
            assert logs.stdout is not None
            while wanted:
                wanted.discard(logs.stdout.readline())
            for name in ("a", "b"):
                release(folder, name)
            logs.stdout.read()
        assert process.wait() == 0


def test_an_isolated_step_that_nobody_foresaw_says_what_to_do(make: Make) -> None:
    found = run(flows.apart_unforeseen.with_options(orchestrator=make(), enable_cache=False))

    assert found.status is Status.FAILED
    assert found.steps["host_name"].reason.endswith(
        "Declare the step with runtime='isolated', for the engine is lent to pipelines whose source names "
        "such steps; or set --engine_socket=always."
    )


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("inline", {}, False),
        ("inline", {"engine_socket": "always"}, True),
        ("apart_waiting", {}, True),
        ("apart_waiting", {"engine_socket": "never"}, False),
    ],
)
def test_the_engine_is_lent_to_pipelines_with_isolated_steps_only(
    make: Make,
    folder: Path,
    client: DockerClient,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    options: dict[str, str],
    expected: bool,
) -> None:
    made: list[dict[str, Any]] = []
    create = DockerClient.create

    def noted(self: DockerClient, container: str, arguments: dict[str, Any]) -> str:
        made.append(arguments)
        return create(self, container, arguments)

    monkeypatch.setattr(DockerClient, "create", noted)
    parameters = {"folder": str(folder)} if name == "apart_waiting" else {}
    is_run = name == "inline" or expected
    thread = beside(lambda: (arrived(folder, "a"), release(folder, "a"))) if parameters and expected else None
    found = run(mounted(getattr(flows, name), folder, make(**options)), **parameters)
    if thread:
        thread.join()

    socket_path = client.host.removeprefix("unix://")
    assert any(one["Source"] == socket_path for one in made[0]["mounts"]) is expected
    assert ("DOCKER_HOST" in made[0]["environment"]) is expected
    assert found.status is (Status.COMPLETED if is_run else Status.FAILED), found.reason
    if not is_run:
        assert "no Docker Engine answers at" in found.reason


def test_an_isolated_step_that_used_more_than_its_memory_says_so(make: Make, client: DockerClient) -> None:
    found = run(flows.apart_hungry.with_options(orchestrator=make(), enable_cache=False))

    expected = "it used more than its memory of 80MB, and was killed (OOM)"
    assert found.steps["greedy_apart"].reason.startswith(expected)
    assert found.status is Status.FAILED
    assert containers(client, found) == []


def test_a_dynamic_run_whose_own_container_is_killed_has_failed(
    make: Make, folder: Path, client: DockerClient
) -> None:
    def script() -> None:
        arrived(folder, "a")
        found = Client().run("last")
        (own,) = (
            one for one in containers(client, found) if not one["Config"]["Labels"]["skylift.invocation"]
        )
        client.remove(str(own["Id"]))

    thread = beside(script)
    found = run(mounted(flows.apart_waiting, folder, make()), folder=str(folder))
    thread.join()

    assert found.status in {Status.STOPPED, Status.FAILED}
    assert found.end is not None
    # Which of the two it is said to be, is a race between its end and its removal.
    assert found.end.reason in {
        "its container was removed by somebody",
        "its container was killed by SIGKILL (exit code 137)",
    }
    assert containers(client, found) == []
