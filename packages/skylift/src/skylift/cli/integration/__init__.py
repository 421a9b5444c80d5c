"""`skylift integration`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from skylift.cli import complete
from skylift.cli.commands import Lazy, LazyGroup

if TYPE_CHECKING:
    from collections.abc import Callable

COMMANDS: Final = {
    "list": Lazy("skylift.cli.integration.listing:list_integrations", "All, installed or not."),
    "install": Lazy("skylift.cli.integration.change:install", "Install the package of a platform."),
    "uninstall": Lazy("skylift.cli.integration.change:uninstall", "Remove the package of a platform."),
}

integration = LazyGroup("integration", commands_at=COMMANDS, help="Packages that bring platforms to run on.")


def integration_argument() -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.argument("name", metavar="INTEGRATION", shell_complete=complete.integrations)
