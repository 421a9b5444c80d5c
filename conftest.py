"""For every test of the workspace: no deadline of hypothesis's own, for shared machines pause."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Generator

# Who runs the tests in the background may have Ctrl-C ignored, and a child would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("workspace", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "workspace")


@pytest.fixture(scope="session", autouse=True)
def _nobodys_configuration(tmp_path_factory: pytest.TempPathFactory) -> Generator[None]:  # pyright: ignore[reportUnusedFunction] -- pytest uses it
    """Stacks of the person who runs the tests are not looked at, in child processes neither."""
    patch = pytest.MonkeyPatch()
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        patch.setenv(name, str(tmp_path_factory.mktemp(name.lower())))
    patch.delenv("SKYLIFT_STACK", raising=False)
    yield
    patch.undo()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden documents anew")
