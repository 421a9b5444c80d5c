"""`skylift integration install` and `uninstall`."""

from __future__ import annotations

import importlib

import click

from skylift.cli.commands import command
from skylift.cli.integration import integration_argument
from skylift.installer import install as install_package
from skylift.installer import uninstall as uninstall_package
from skylift.integrations import brings, check_there, installed, integration, source
from skylift_contract.errors import ConfigurationError


@command(
    "install",
    short_help="Install the package of a platform.",
    examples=("skylift integration install kubernetes", "skylift integration install aws"),
)
@integration_argument()
def install(*, name: str) -> None:
    """Install the package of a platform, in a version that fits this skylift.

    It is taken from the workspace that skylift itself is an editable install of, or from the
    index, or folder of wheels, that SKYLIFT_INDEX or `index` of [integration] in skylift.toml
    names; all that the package needs must be in that index. Nothing else is ever asked.
    """
    asked = integration(name)
    place = check_there(asked, source())
    click.echo(f"installing {asked.requirement} from {place}", err=True)
    install_package(asked, place)
    importlib.invalidate_caches()
    found = installed(asked.package)
    if found is None:
        raise ConfigurationError(
            "the installer put it where this Python does not look",
            who=asked.who,
            fix=f"Install {asked.package} with this Python's own pip.",
        )
    brought = ", ".join(f"{kind.removesuffix('s')} {one}" for kind, one in brings(found))
    click.echo(f"{asked.package} {found.version} is installed; it brings {brought or 'nothing'}", err=True)


@command(
    "uninstall",
    short_help="Remove the package of a platform.",
    examples=("skylift integration uninstall kubernetes",),
)
@integration_argument()
def uninstall(*, name: str) -> None:
    """Remove the package of a platform; what it needed stays, for others may need it."""
    asked = integration(name)
    if installed(asked.package) is None:
        fix = "See: skylift integration list"
        raise ConfigurationError(f"{asked.package} is not installed", who=asked.who, fix=fix)
    uninstall_package(asked)
    click.echo(f"{asked.package} is removed", err=True)
