"""The command line, `skylift`.

`--help` loads click and nothing else: each command's module is imported when it is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns what the process should exit with."""
    from skylift.cli.app import skylift
    from skylift.cli.failures import guarded
    from skylift.source_files import begin

    begin()
    return guarded(skylift, argv)
