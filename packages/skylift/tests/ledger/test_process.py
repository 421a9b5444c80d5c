from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from skylift.ledger import process
from skylift.ledger.process import liveness
from skylift.ledger.records import Writer
from skylift_contract.status import Liveness

if TYPE_CHECKING:
    from collections.abc import Generator

linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="Linux's /proc")


def another(**changes: object) -> Writer:
    return Writer.this_process().model_copy(update=changes)


@pytest.fixture
def fresh() -> Generator[None]:
    process.host.cache_clear()
    yield
    process.host.cache_clear()


def test_this_process_is_alive() -> None:
    assert liveness(Writer.this_process()) is Liveness.ALIVE


@pytest.fixture
def child() -> Generator[subprocess.Popen[bytes]]:
    """Runs until its input is closed."""
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE) as running:
        yield running


def test_a_process_that_ended_is_gone(child: subprocess.Popen[bytes]) -> None:
    writer = another(pid=child.pid, process_start=process.start_of(child.pid))
    before = liveness(writer)
    child.communicate()

    assert before is Liveness.ALIVE
    assert liveness(writer) is Liveness.GONE


@linux
def test_a_process_that_ended_and_is_not_waited_for_is_gone(child: subprocess.Popen[bytes]) -> None:
    writer = another(pid=child.pid, process_start=process.start_of(child.pid))
    assert child.stdin
    child.stdin.close()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

    assert Path(f"/proc/{child.pid}").exists()
    assert liveness(writer) is Liveness.GONE


def test_a_pid_that_was_given_out_again_is_gone() -> None:
    assert liveness(another(process_start="1")) is Liveness.GONE


def test_a_process_of_before_the_reboot_is_gone() -> None:
    assert liveness(another(boot_id="another")) is Liveness.GONE


def test_a_process_of_another_machine_is_unseen() -> None:
    assert liveness(another(host="elsewhere", pid=1)) is Liveness.UNSEEN


def test_a_writer_that_could_not_see_its_own_start_is_not_taken_for_gone() -> None:
    assert liveness(another(process_start="")) is Liveness.UNSEEN


@linux
def test_another_users_process_that_is_hidden_is_not_taken_for_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(pid: int, _: int) -> None:
        raise PermissionError(pid)

    monkeypatch.setattr(os, "kill", refused)

    assert process.start_of(2**22 + 1) == process.HIDDEN


@linux
def test_a_pid_that_nobody_has_has_no_start() -> None:
    assert process.start_of(2**22 + 1) is None


@linux
def test_a_containers_processes_are_not_its_hosts(
    fresh: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here = Writer.this_process()
    namespace = tmp_path / "pid"
    namespace.touch()
    process.host.cache_clear()
    monkeypatch.setattr(process, "_PID_NAMESPACE", namespace)

    assert process.host().split("/")[0] == here.host.split("/")[0]
    assert liveness(here) is Liveness.UNSEEN


def test_machines_of_one_name_are_told_apart(
    fresh: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hosts: list[str] = []
    for number in ("1", "2"):
        (tmp_path / number).write_text(f"machine {number}\n")
        monkeypatch.setattr(process, "_MACHINE_ID", tmp_path / number)
        process.host.cache_clear()
        hosts.append(process.host())

    assert hosts[0] != hosts[1]
    assert not any("machine" in host for host in hosts), "the id itself is not told"


@linux
def test_a_program_may_have_any_name(tmp_path: Path) -> None:
    """Its name stands in /proc/<pid>/stat, in parentheses, as bytes."""
    program = tmp_path.joinpath(") S 1 (\udcff")
    program.symlink_to("/bin/cat")
    child = subprocess.Popen([str(program)], stdin=subprocess.PIPE)
    try:
        start = process.start_of(child.pid)
        assert start is not None
        assert liveness(another(pid=child.pid, process_start=start)) is Liveness.ALIVE
    finally:
        assert child.stdin
        child.stdin.close()
        child.wait()


def test_a_forked_child_is_itself() -> None:
    read, write = os.pipe()
    Writer.this_process()
    if (child := os.fork()) == 0:
        os.write(write, f"{os.getpid()} {process.me()[2]}".encode())
        os._exit(0)
    os.waitpid(child, 0)
    said = os.read(read, 100).decode()
    os.close(read)
    os.close(write)

    assert said == f"{child} {child}"
