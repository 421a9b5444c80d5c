"""Run nox's sessions at once, as many as there are processors, each told in one piece when it has ended.

python tools/side_by_side.py [SESSION …]

Without names, those that nox has chosen itself. Ends with 1 where one failed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

REPORTS: Final = Path(".nox/reports")
ASKED: Final = "sessions.json"
MOST: Final = 2
"""More would slow down tests of what runs side by side itself, and of time limits."""

NOX: Final = (sys.executable, "-m", "nox")


def chosen(listing: str) -> list[str]:
    """Of `nox --list`, what stands behind a star."""
    return re.findall(r"^\* (\S+)", listing, re.MULTILINE)


def main(*names: str) -> int:
    listing = subprocess.run([*NOX, "--list"], capture_output=True, text=True, check=True).stdout
    sessions = list(names) or chosen(listing)
    REPORTS.mkdir(parents=True, exist_ok=True)
    (REPORTS / ASKED).write_text(json.dumps(sessions))
    with ThreadPoolExecutor(min(MOST, os.cpu_count() or 1)) as pool:
        return max(pool.map(_run, sessions))


def _run(session: str) -> int:
    began = time.monotonic()
    _say(f"{session}: begins\n")
    report = str(REPORTS / f"{session}.nox.json")
    ended = subprocess.run(
        [*NOX, "--session", session, "--report", report],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    took = time.monotonic() - began
    _say(f"{ended.stdout}{session}: {'failed' if ended.returncode else 'passed'} in {took:.0f} s\n\n")
    return min(ended.returncode, 1)


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
