from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from side_by_side import chosen
from tally import Tally, tally

TOOL: Final = Path(__file__).parents[2] / "tools" / "side_by_side.py"
NOXFILE: Final = """
import os
import nox

nox.options.default_venv_backend = "none"
nox.options.sessions = ["first", "second"]


@nox.session
def first(session):
    \"\"\"Ends when the other has begun.\"\"\"
    open("fifo").read()
    session.log("first says something")


@nox.session
def second(session):
    open("fifo", "w").close()
    session.error("second is wrong")


@nox.session
def third(session):
    pass
"""


def run(folder: Path, *names: str) -> subprocess.CompletedProcess[str]:
    (folder / "noxfile.py").write_text(NOXFILE)
    argv = [sys.executable, str(TOOL), *names]
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False, timeout=60)


def test_sessions_run_at_once_and_are_told_in_one_piece(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    done = run(tmp_path)

    assert done.returncode == 1
    told = done.stdout.split("begins\n", 2)[2]
    assert set(re.findall(r"^(\w+: (?:passed|failed)) in \d+ s$", told, re.MULTILINE)) == {
        "first: passed",
        "second: failed",
    }
    assert "first says something" in told
    assert tally(tmp_path / ".nox" / "reports") == Tally(failed=1)


def test_those_that_are_named(tmp_path: Path) -> None:
    done = run(tmp_path, "third")
    assert (done.returncode, "third: passed" in done.stdout) == (0, True)
    assert tally(tmp_path / ".nox" / "reports") == Tally()


def test_what_nox_has_chosen() -> None:
    listing = "Sessions defined in noxfile.py:\n\n* lint -> Rules.\n- bench\n* tests-x [tests]\n\nsessions marked with * are"
    assert chosen(listing) == ["lint", "tests-x"]
