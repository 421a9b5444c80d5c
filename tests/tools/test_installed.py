from __future__ import annotations

import subprocess
import sys

from installed import modules, stands_alone
from workspace import ROOT


def test_every_module_is_found_but_those_that_cannot_stand_alone() -> None:
    found = set(modules("json"))
    assert {"json", "json.decoder", "json.encoder"} <= found
    assert "unittest.__main__" not in set(modules("unittest"))


def test_what_needs_an_extra_does_not_stand_alone() -> None:
    assert stands_alone("skylift_sagemaker.flavor")
    assert not stands_alone("skylift_sagemaker.emulator.local")


def test_a_distribution_without_its_files_is_refused() -> None:
    tool = ROOT / "tools" / "installed.py"
    done = subprocess.run(
        [sys.executable, tool, "sortedcontainers"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.endswith(
        "FileNotFoundError: the wheel of sortedcontainers lacks sortedcontainers/py.typed, licenses/LICENSE.\n"
    )
