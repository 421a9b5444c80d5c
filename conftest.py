"""For every test of the workspace: no deadline of hypothesis's own, for shared machines pause."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("workspace", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "workspace")
