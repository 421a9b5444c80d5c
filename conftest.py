"""For every test of the workspace: no deadline of hypothesis's own, for shared machines pause."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from hypothesis import settings

if TYPE_CHECKING:
    import pytest

# Who runs the tests in the background may have Ctrl-C ignored, and a child would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("workspace", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "workspace")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden documents anew")
