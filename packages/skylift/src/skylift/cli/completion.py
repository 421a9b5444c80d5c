"""`skylift completion`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from skylift.cli import stdout
from skylift.cli.commands import command

if TYPE_CHECKING:
    from collections.abc import Mapping

PROGRAM: Final = "skylift"
VARIABLE: Final = "_SKYLIFT_COMPLETE"
"""What click's scripts set when they ask for words."""

HOW: Final[Mapping[str, str]] = {
    "bash": "# To have it in each shell (bash 4.4 or newer), add to ~/.bashrc:\n"
    '#   eval "$(skylift completion bash)"',
    "zsh": "# To have it in each shell, add to ~/.zshrc, below compinit:\n"
    '#   eval "$(skylift completion zsh)"',
    "fish": "# To have it in each shell:\n"
    "#   skylift completion fish > ~/.config/fish/completions/skylift.fish",
}


@command(
    "completion",
    short_help="Have the shell complete commands and names.",
    examples=(
        "skylift completion zsh",
        'eval "$(skylift completion bash)"',
        "skylift completion fish > ~/.config/fish/completions/skylift.fish",
    ),
)
@click.argument("shell", type=click.Choice(list(HOW)))
def completion(*, shell: str) -> None:
    """Print the script by which a shell completes commands, and what they name.

    It completes commands, options, files, stacks, components, flavors, and runs, their steps
    and schedules of a store that is a folder; in zsh and fish, too, the pipelines after `FILE.py:`.
    It asks no network.
    """
    from click.shell_completion import get_completion_class

    from skylift.cli.app import skylift

    kind = get_completion_class(shell)
    assert kind is not None
    made = kind(skylift, {}, PROGRAM, VARIABLE)
    # Not `source()`: bash's starts a bash to look at its version, and this one may be read elsewhere.
    script = made.source_template % made.source_vars()
    stdout.write(f"{HOW[shell]}\n{script.strip()}\n")
