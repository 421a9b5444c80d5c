"""What a person sees on a terminal, read from the screen of one."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from skylift_tests_support.terminal import Terminal

if TYPE_CHECKING:
    from skylift_tests_support.commands import Project

HEAD = """
import logging, os, sys
from skylift import StepRetryConfig, pipeline, step

def meet(name):
    with open(name) as fifo:
        fifo.read()

def tell(name):
    with open(name, "w") as fifo:
        fifo.write("here")
"""
WAITING = f"""{HEAD}
logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")

@step
def load() -> int:
    print("a line of " + "x" * 150)
    logging.info("logged")
    sys.stderr.write("progress 1%\\rprogress 99%")
    meet("go")
    sys.stderr.write("\\rprogress 100%\\n")
    return 1

@step
def train(value: int) -> int:
    return value

@pipeline
def waiting() -> None:
    train(load())

if __name__ == "__main__":
    waiting()
"""


@pytest.mark.parametrize("columns", [80, 200])
def test_a_run_while_it_runs_and_when_it_has_ended(project: Project, columns: int) -> None:
    go = project.fifo("go")
    terminal = project.terminal(sys.executable, project.write("waiting.py", WAITING), columns=columns)

    terminal.expect(r"^\S  load +running +\d+\.\d s$")
    terminal.expect(r"^0 of 2 done in .+: 1 pending, 1 running$")
    terminal.expect(r"^progress 99%$")
    assert re.search(r"^waiting on local$", terminal.screen, re.MULTILINE)
    assert re.search(r"^run \S{36}, store ", terminal.screen, re.MULTILINE)
    assert re.search(r"^   train +pending$", terminal.screen, re.MULTILINE)
    go.write_text("")
    assert terminal.wait() == 0

    seen = terminal.seen
    assert "running" not in seen
    assert "x" * 150 in seen.replace("\n", "")
    for expected in (
        r"^INFO logged$",
        r"^progress 100%$",
        r"^STEP +STATUS +ATTEMPTS +TOOK +OUTPUTS$",
        r"^load +completed +1 +.+ +output$",
        r"^train +completed +1 +.+ +output$",
    ):
        assert re.search(expected, seen, re.MULTILINE), f"{expected}\n{seen}"
    whole = seen.replace("\n", "")
    assert re.search(r"train\.output: file://\S+/artifacts/\w{64}", whole)
    assert re.search(r"next: skylift runs describe \S{36}", whole)


def test_no_line_of_the_display_is_wider_than_the_terminal(project: Project) -> None:
    name = "a_step_with_a_name_that_is_much_longer_than_any_terminal_is_wide_" * 3
    text = WAITING.replace("def train(", f"def {name}(").replace("train(load", f"{name}(load")
    go = project.fifo("go")
    terminal = project.terminal(sys.executable, project.write("waiting.py", text), columns=60)
    terminal.expect(r"^   a_step_with\w*…? +pending$")
    terminal.expect(r"^0 of 2 done")
    go.write_text("")
    assert terminal.wait() == 0


FAILING = f"""{HEAD}
@step(retry=StepRetryConfig(max_retries=1, delay=0.01))
def load() -> int:
    raise ValueError("no such column")

@step
def train(value: int) -> int:
    return value

@pipeline
def failing() -> None:
    train(load())

if __name__ == "__main__":
    failing()
"""


def test_a_failure_is_shown_with_its_own_traceback_and_what_to_type(project: Project) -> None:
    terminal = project.terminal(sys.executable, project.write("failing.py", FAILING), columns=120)
    assert terminal.wait() == 1

    for expected in (
        r'^    raise ValueError\("no such column"\)$',
        r"^load +failed +2 ",
        r"^train +skipped",
        r"^run \S{36} failed in .+ \(1 failed, 1 skipped\): step 'load': ValueError: no such column$",
        r"^next: skylift runs why \S{36}$",
    ):
        assert re.search(expected, terminal.seen, re.MULTILINE), f"{expected}\n{terminal.seen}"


def test_colors_unless_they_are_not_wanted(project: Project) -> None:
    project.write("failing.py", FAILING)
    colored = project.terminal(sys.executable, "failing.py")
    colored.wait()
    plain = project.terminal(sys.executable, "failing.py", NO_COLOR="1")
    plain.wait()

    assert re.search(rb"\x1b\[[\d;]*31m", colored.raw)  # red
    assert re.findall(rb"\x1b\[[\d;]*3[0-7][\d;]*m", plain.raw) == []


THOUSAND = f"""{HEAD}
@step
def quick(number: int) -> int:
    if number == 3:
        raise ValueError("no")
    if number == 700:
        meet("go")
    return number

@pipeline
def thousand() -> None:
    for number in range(1000):
        quick(number)

if __name__ == "__main__":
    thousand()
"""


def test_a_thousand_steps_stay_readable(project: Project) -> None:
    go = project.fifo("go")
    terminal = project.terminal(sys.executable, project.write("thousand.py", THOUSAND), lines=24)

    terminal.expect(r"^\S  quick_701 +running", where="screen")
    terminal.expect(
        r"^700 of 1000 done in .+: 299 pending, 1 running, 699 completed, 1 failed$", where="screen"
    )
    screen = terminal.screen
    assert re.search(r"^✗  quick_4 +failed .+ValueError: no$", screen, re.MULTILINE)
    assert re.search(r"^✓  quick_700 +completed", screen, re.MULTILINE)
    assert len(re.findall("quick_", screen)) <= 24
    go.write_text("")
    assert terminal.wait() == 1
    assert re.search(r"^… and 970 more steps: 970 completed$", terminal.seen, re.MULTILINE)


DEBUGGED = f"""{HEAD}
@step
def load() -> int:
    secret = 41
    {{stop}}
    return secret + 1

@step
def train(value: int) -> int:
    meet("go")
    return value

@pipeline
def debugged() -> None:
    train(load())

if __name__ == "__main__":
    debugged()
"""


@pytest.mark.parametrize("stop", ["breakpoint()", "import pdb; pdb.set_trace()"])
def test_the_debugger_has_the_terminal_to_itself(project: Project, stop: str) -> None:
    go = project.fifo("go")
    project.write("debugged.py", DEBUGGED.format(stop=stop))
    terminal = project.terminal(sys.executable, "debugged.py", columns=120)

    terminal.expect(r"^> .*debugged\.py\(\d+\)load\(\)$")
    terminal.expect(r"^\(Pdb\)")
    terminal.send("p secret * 1000\n")
    terminal.expect(r"^41000$")
    assert "done in" not in terminal.screen
    drawn = len(terminal.raw)
    terminal.send("p 'still here'\n")
    terminal.expect(r"^'still here'$")
    assert b"\x1b[2K" not in terminal.raw[drawn:]  # nothing was erased, so nothing was drawn
    terminal.send("c\n")
    terminal.expect(r"^\S  train +running", where="screen")
    go.write_text("")
    assert terminal.wait() == 0
    assert re.search(r"^load +completed", terminal.seen, re.MULTILINE)


def test_a_question_is_seen_and_answered(project: Project) -> None:
    project.fifo("go")
    text = DEBUGGED.format(stop="secret = int(input('how many? '))").replace('meet("go")', "pass")
    terminal = project.terminal(sys.executable, project.write("debugged.py", text))
    terminal.expect(r"^how many\?")
    terminal.send("7\n")
    assert terminal.wait() == 0


PARALLEL = f"""{HEAD}
@step
def loud(number: int) -> int:
    print("from", number)
    tell(f"here{{number}}")
    meet(f"go{{number}}")
    return number

@pipeline(settings={{"orchestrator.local": {{"max_parallelism": 2}}}})
def parallel() -> None:
    loud(0)
    loud(1)

if __name__ == "__main__":
    parallel()
"""


def test_lines_of_worker_processes_come_above_the_display(project: Project) -> None:
    gates = [project.fifo(f"go{number}") for number in (0, 1)]
    here = [project.fifo(f"here{number}") for number in (0, 1)]
    terminal = project.terminal(sys.executable, project.write("parallel.py", PARALLEL))
    for fifo in here:
        fifo.read_text()

    terminal.expect(r"^loud \| from 0$")
    terminal.expect(r"^loud_2 \| from 1$")
    terminal.expect(r"^0 of 2 done in .+: 2 running$", where="screen")
    for gate in gates:
        gate.write_text("")
    assert terminal.wait() == 0
    assert re.search(r"^loud \| from 0$", terminal.seen, re.MULTILINE)


def test_stdout_that_goes_to_a_file_goes_there(project: Project) -> None:
    project.fifo("go")
    text = WAITING.replace('meet("go")', "pass")
    out = project.folder / "out.txt"
    with out.open("w") as file:
        terminal = Terminal(
            [sys.executable, project.write("waiting.py", text)],
            project.environment,
            cwd=project.folder,
            stdout=file,
        )
    project.terminals.append(terminal)
    assert terminal.wait() == 0
    assert out.read_text() == f"a line of {'x' * 150}\n"
    assert "a line of" not in terminal.seen


FORKED = f"""{HEAD}
@step
def load() -> int:
    for number in range(20):
        if (child := os.fork()) == 0:
            print("child", number, flush=True)
            os._exit(0)
        os.waitpid(child, 0)
    return 1

@pipeline
def forked() -> None:
    load()

if __name__ == "__main__":
    forked()
"""


def test_a_forked_child_writes_by_itself(project: Project) -> None:
    """It has none of the display's threads, and must wait for none of its locks."""
    terminal = project.terminal(sys.executable, project.write("forked.py", FORKED))
    assert terminal.wait() == 0
    assert b"child 19" in terminal.raw


def test_what_is_raised_gives_the_terminal_back(project: Project) -> None:
    text = WAITING.replace('meet("go")', "os.kill(os.getpid(), 2)")
    terminal = project.terminal(sys.executable, project.write("waiting.py", text))
    assert terminal.wait() != 0
    assert terminal.raw.rfind(b"\x1b[?25h") > terminal.raw.rfind(b"\x1b[?25l")  # the cursor is shown again
    assert re.search(r"^load +stopped", terminal.seen, re.MULTILINE)


OUTER = f"""{HEAD}
from inner import waiting

@step
def nested() -> int:
    waiting()
    return 1

@pipeline
def outer() -> None:
    nested()

outer()
"""


def test_one_display_at_a_time(project: Project) -> None:
    """A run within a step is shown in plain lines, above the display of the outer one."""
    inner = WAITING.replace('meet("go")', "pass").replace('if __name__ == "__main__":\n    waiting()\n', "")
    project.write("inner.py", inner)
    terminal = project.terminal(sys.executable, project.write("outer.py", OUTER), columns=200)
    assert terminal.wait() == 0
    assert re.search(r"^load: completed in", terminal.seen, re.MULTILINE)
    assert re.search(r"^nested +completed", terminal.seen, re.MULTILINE)


def test_rich_is_not_loaded_to_write_a_pipeline() -> None:
    program = "import sys; from skylift import pipeline, step; print('rich' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
