from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from skylift_testkit.emulator import guarded

if TYPE_CHECKING:
    from collections.abc import Iterator

PAUSES = "import signal; print('up', flush=True); signal.pause()"


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def start(pipe: tuple[int, int], *command: str, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", guarded.__file__, str(pipe[0]), *command],
        pass_fds=[pipe[0]],
        env=env,
        text=True,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def ended(pipe: tuple[int, int], *command: str, env: dict[str, str] | None = None) -> tuple[int, str]:
    with start(pipe, *command, env=env) as process:
        said, _ = process.communicate()
        return process.returncode, said


@pytest.mark.parametrize("code", [0, 1, 126, 255])
def test_it_exits_with_the_commands_code(pipe: tuple[int, int], code: int) -> None:
    assert ended(pipe, "sh", "-c", f"exit {code}") == (code, "")


@pytest.mark.parametrize("name", ["KILL", "TERM", "INT", "USR1", "PIPE"])
def test_it_ends_by_the_signal_that_ended_the_command(pipe: tuple[int, int], name: str) -> None:
    assert ended(pipe, "sh", "-c", f"kill -{name} $$") == (-signal.Signals[f"SIG{name}"], "")


def test_no_such_command(pipe: tuple[int, int]) -> None:
    assert ended(pipe, "no-such-program") == (127, "exec: 'no-such-program': No such file or directory\n")


def test_the_command_has_the_variables_that_were_given_and_no_pipe(pipe: tuple[int, int]) -> None:
    told = {"A": "b=c", "PATH": os.defpath}
    code, said = ended(
        pipe, "sh", "-c", f"tr '\\0' '\\n' < /proc/$$/environ; ls -d /proc/$$/fd/{pipe[0]}", env=told
    )
    assert said.startswith("A=b=c\nPATH=" + os.defpath + "\n")
    assert "No such file" in said
    assert (code, said.count("\n")) == (2, 3)


def test_a_request_to_end_is_passed_on(pipe: tuple[int, int]) -> None:
    code = "import signal, sys; signal.signal(15, lambda *_: sys.exit(7)); print('up', flush=True); signal.pause()"
    with start(pipe, sys.executable, "-c", code) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 7


def test_all_that_the_command_started_ends_with_the_pipe() -> None:
    """Its output is read to its end, which comes when nobody is left who could write."""
    read, write = os.pipe()
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {PAUSES!r}])"
    with start((read, write), sys.executable, "-c", code) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "up\n"
            os.close(write)
            assert (process.stdout.read(), process.wait()) == ("", -signal.SIGKILL)
        finally:
            process.kill()  # what failed would otherwise be waited for, and outlive its test
            os.close(read)


def test_a_pipe_that_has_ended_before_ends_it_too() -> None:
    read, write = os.pipe()
    os.close(write)
    assert ended((read, write), sys.executable, "-c", PAUSES)[0] == -signal.SIGKILL
    os.close(read)
