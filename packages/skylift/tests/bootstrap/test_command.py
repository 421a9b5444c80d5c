"""The argv, run as a container runs it: by whatever Python is there."""

from __future__ import annotations

import subprocess
import sys

from skylift.bootstrap.command import SetUp, after_set_up, program

HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"


def test_its_command_follows_what_is_sent() -> None:
    plan = SetUp("3.11", ("b==2", "a==1"), "/wheels", "/cache")
    python, dash_c, loader, source, told, *rest = after_set_up(plan, ["python", "-m", "skylift.runtime"])
    assert (python, dash_c, rest) == ("python", "-c", ["python", "-m", "skylift.runtime"])
    assert "== (3, 11)" in loader
    assert source == program()
    assert told == '{"cache": "/cache", "index": "/wheels", "requirements": ["b==2", "a==1"]}'


def test_what_is_sent_is_far_from_what_one_argument_may_hold() -> None:
    """128 KiB, execve(2); lines of a lock are some 25 characters."""
    assert len(program().encode()) < 16_000


def test_an_image_with_another_python_is_refused() -> None:
    _, *argv = after_set_up(SetUp("3.7", ()), ["python", "-c", "print('ran')"])
    done = subprocess.run([sys.executable, *argv], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        f"skylift: this image has Python {HERE}, and the pipeline was submitted with 3.7. Use an image with Python "
        "3.7, or submit with the image's own.\n"
    )
