from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from skylift_testkit.emulator import folders, process
from skylift_testkit.emulator.process import Command, Exit, Process, shows_roots

WAIT_S = 20.0


class Lines:
    def __init__(self) -> None:
        self.found, self.came = list[str](), threading.Event()

    def __call__(self, line: str) -> None:
        self.found.append(line)
        self.came.set()


def python(code: str, **environment: str) -> Command:
    return Command(("python", "-c", code), environment)


def ended(command: Command) -> tuple[Exit, list[str]]:
    lines = Lines()
    return Process(command, lines).wait(), lines.found


def test_it_has_its_own_variables_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_EMULATOR", "1")
    exit_, lines = ended(
        python("import os; print(sorted(os.environ), os.environ['A'])", A="b c", LC_CTYPE="C.UTF-8")
    )
    assert (exit_, lines) == (Exit(0), ["['A', 'HOME', 'LC_CTYPE', 'PATH', 'TMPDIR'] b c"])


def test_it_has_an_empty_folder_that_goes_with_it() -> None:
    code = "import os; print(os.getcwd()); print(os.listdir()); open('left', 'w')"
    _, (cwd, listed) = ended(python(code))
    assert listed == "[]"
    assert not Path(cwd).exists()
    assert Path(cwd) != Path.cwd()


def test_it_runs_this_interpreter_with_nothing_on_its_path_but_what_is_installed() -> None:
    _, lines = ended(python("import sys; print(sys.executable)"))
    assert Path(lines[0]).parent == Path(sys.executable).parent


def test_an_argument_is_one_argument() -> None:
    code = "import sys; print(sys.argv[1:])"
    _, lines = ended(Command(("python", "-c", code, "a b", "$HOME; echo"), {}))
    assert lines == ["['a b', '$HOME; echo']"]


def test_both_outputs_are_said_in_their_order_and_its_code_is_told() -> None:
    code = "import sys; print('out', flush=True); print('err', file=sys.stderr, flush=True); sys.exit(3)"
    assert ended(python(code)) == (Exit(3), ["out", "err"])


def test_no_such_command() -> None:
    assert ended(Command(("no-such-program",), {})) == (
        Exit(127),
        ["exec: 'no-such-program': No such file or directory"],
    )


def test_a_stop_asks_it_to_end() -> None:
    code = "import signal, sys; signal.signal(15, lambda *_: sys.exit(7)); print('up', flush=True); signal.pause()"
    lines = Lines()
    running = Process(python(code), lines)
    assert lines.came.wait(WAIT_S)
    running.stop()
    running.stop()
    assert running.wait() == Exit(7)


def test_what_does_not_end_is_ended() -> None:
    code = "import signal; signal.signal(15, signal.SIG_IGN); print('up', flush=True); signal.pause()"
    lines = Lines()
    running = Process(python(f"{code}; signal.pause()"), lines, grace_s=0)
    assert lines.came.wait(WAIT_S)
    running.stop()
    assert running.wait() == Exit(128 + signal.SIGKILL)


def test_what_it_started_ends_with_it() -> None:
    code = "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()']).pid)"
    _, (pid,) = ended(python(code))
    # Whoever adopts it may not have looked yet: what ended is gone, or is a zombie.
    state = Path("/proc", pid, "stat")
    assert not state.exists() or state.read_text().split()[2] in {"Z", "X"}


STARTS = """
from skylift_testkit.emulator.process import Command, Process
Process(Command(("python", "-c", {code!r}), {{}}), lambda line: print(line, flush=True)).wait()
"""


def test_a_killed_emulators_steps_end_and_their_folders_go_when_the_next_one_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step holds a fifo, whose reader is told of its end."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    code = f"import signal; held = open({str(fifo)!r}, 'w'); print('up', flush=True); signal.pause()"
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    argv = [sys.executable, "-c", STARTS.format(code=code)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as emulator, fifo.open() as held:
        try:
            assert emulator.stdout is not None
            assert emulator.stdout.readline() == "up\n"
        finally:
            emulator.kill()
        assert held.read() == ""
    (left,) = tmp_path.glob("skylift-step-*")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folders.remove_left()
    assert not left.exists()


def test_it_sees_its_files_where_the_backend_puts_them_and_they_are_read_back() -> None:
    if not shows_roots():
        pytest.skip("this machine lets no process have a root of its own")
    code = (
        "import os; print(open('/opt/ml/config/job.json').read()); "
        "os.makedirs('/opt/ml/output'); open('/opt/ml/output/failure', 'w').write('why')"
    )
    before = sorted([path.name for path in Path("/opt").iterdir()])
    lines = Lines()
    command = Command(("python", "-c", code), {}, "/opt/ml", {"config/job.json": b"{}"})
    assert Process(command, lines, read=("output/failure", "output/none")).wait() == Exit(
        0, {"output/failure": b"why"}
    )
    assert lines.found == ["{}"]
    assert sorted([path.name for path in Path("/opt").iterdir()]) == before


def test_what_lies_beside_its_files_is_still_there() -> None:
    if not shows_roots():
        pytest.skip("this machine lets no process have a root of its own")
    _, lines = ended(Command(("python", "-c", "import os; print(sorted(os.listdir('/opt')))"), {}, "/opt/ml"))
    assert lines == [str(sorted({*[path.name for path in Path("/opt").iterdir()], "ml"}))]


def test_where_no_root_can_be_shown_its_files_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "shows_roots", lambda: False)
    code = "import os; print(os.path.exists('/opt/ml/config/job.json'))"
    assert ended(Command(("python", "-c", code), {}, "/opt/ml", {"config/job.json": b"{}"})) == (
        Exit(0),
        ["False"],
    )
