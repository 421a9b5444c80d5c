"""What people see: sessions typed into a real terminal, each a page of text that is read in review.

A page in `sessions/` begins with its terminal (`# 80 columns`, or `# piped`); a line with `$` is typed,
and what follows must come, with its lines whole. `# files: NAME` first writes a file of `FILES`. To record anew:
`pytest --update-golden`, and read the change.
"""

from __future__ import annotations

import re
import shlex
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from skylift_tests_support.commands import SKYLIFT, Project

if TYPE_CHECKING:
    from collections.abc import Generator

PAGES: Final = Path(__file__).parent / "sessions"

PAPER: Final = 1000
"""Columns on which a page is kept: a line that the terminal would break stays whole."""

FILES: Final = {
    "churn.py": """
from typing import Annotated
from skylift import ResourceSettings, Schedule, StepRetryConfig, log_metadata, pipeline, step

@step
def load(rows: int) -> list[float]:
    print(f"loaded {rows} rows")
    return [row * 0.5 for row in range(rows)]

@step(retry=StepRetryConfig(max_retries=1))
def train(data: list[float], depth: int) -> tuple[Annotated[float, "model"], Annotated[float, "score"]]:
    if depth > 10:
        raise ValueError(f"a depth of {depth} never converges")
    log_metadata({"depth": depth})
    return data[-1] / depth, 0.75

@step
def report(model: float, score: float) -> str:
    return f"score {score} of model {model:.2f}"

@pipeline
def churn(rows: int = 4, depth: int = 2) -> None:
    model, score = train(load(rows), depth)
    report(model, score)
""",
    "nightly.py": """
from churn import load
from skylift import Schedule, pipeline

@pipeline(schedule=Schedule(cron_expression="0 2 * * *", timezone="Europe/Berlin"))
def nightly() -> None:
    load(3)
""",
    "greedy.py": """
from churn import load
from skylift import ResourceSettings, pipeline

@pipeline(settings={"resources": ResourceSettings(gpu_count=64)})
def greedy() -> None:
    load(3)
""",
}

_CHANGING: Final = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "<digest>"),
    (re.compile(r"^[0-9a-f]{8}(?=  )|\b(?=[0-9a-f]*\d)[0-9a-f]{8}\b", re.MULTILINE), "<short>"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?( ?Z|[+-]\d\d:\d\d)?"), "<time>"),
    (re.compile(r"\b\d+(\.\d+)? (ms|s|min|h)\b"), "<took>"),
    (re.compile(r"\b(just now|<took> ago)"), "<ago>"),
    (re.compile(r"(?<=UTC by )\S+"), "<user>"),
    (re.compile(r"[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]"), "*"),
)
"""What differs between two recordings of the same session."""


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Generator[Project]:
    """A project in a folder whose name is always as long: a terminal breaks lines by it."""
    home = Path(tempfile.mkdtemp(prefix="skylift-session-", dir="/tmp"))
    for name in ("config", "state", "data"):
        monkeypatch.setenv(f"XDG_{name.upper()}_HOME", str(home / name))
    folder = home / "project"
    folder.mkdir()
    project = Project(folder, f"file://{home}/store", capsys)
    for name, text in FILES.items():
        project.write(name, text)
    try:
        yield project
    finally:
        project.close()
        shutil.rmtree(home)


def test_there_are_enough_pages() -> None:
    assert len(list(PAGES.glob("*.txt"))) >= 30


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.txt")), ids=lambda page: page.stem)
def test_a_session(page: Path, session: Project, request: pytest.FixtureRequest) -> None:
    expected = page.read_text()
    first, *lines = expected.splitlines()
    columns = int(found[1]) if (found := re.fullmatch(r"# (\d+) columns", first)) else None
    typed = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    assert typed
    shown = "\n".join([first, *(_typed(session, line, columns) for line in typed)]) + "\n"
    if request.config.getoption("--update-golden"):
        page.write_text(shown)
    assert shown == expected


def _typed(session: Project, line: str, columns: int | None) -> str:
    """A line as it is typed, and what it shows."""
    argv = shlex.split(line)
    assert argv[0] == "skylift"
    shown = _on_a_terminal(session, argv[1:], columns) if columns else _piped(session, argv[1:])
    return f"$ {line}\n{_stable(shown, session.folder.parent)}".rstrip()


def _on_a_terminal(session: Project, arguments: list[str], columns: int) -> str:
    terminal = session.terminal(*SKYLIFT, *arguments, columns=columns, lines=50, paper=PAPER)
    code = terminal.wait()
    assert b"\x1b[?1049h" not in terminal.raw, "it takes the whole screen"
    return terminal.seen + (f"\n[exit code {code}]" if code else "")


def _piped(session: Project, arguments: list[str]) -> str:
    answer = session.piped(*SKYLIFT, *arguments)
    assert "\x1b" not in answer.out + answer.err, "colors in a pipe"
    return answer.out + answer.err + (f"[exit code {answer.code}]" if answer.code else "")


def _stable(text: str, home: Path) -> str:
    text = text.replace(str(home), "<here>")
    for pattern, word in _CHANGING:
        text = pattern.sub(word, text)
    return "\n".join(_line(line) for line in text.splitlines())


def _line(line: str) -> str:
    """What changes has no fixed width, so neither have the gaps around it, nor what is cut for it."""
    if "<" in line or line.isupper():
        line = re.sub(r" {2,}", "  ", line)
        line = re.sub(r"(?<=  )\S(?: ?\S)*…", "…", line)
    return line.rstrip()
