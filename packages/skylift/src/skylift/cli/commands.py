"""What every command has: `--debug`, the nearest name for a wrong one, and a late import."""

from __future__ import annotations

import difflib
import os
from collections import Counter
from dataclasses import dataclass
from importlib import import_module
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import click

from skylift.cli import complete
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from click.shell_completion import CompletionItem


_STACK: Final = "skylift.stack"


@dataclass(slots=True)
class Session:
    """What one call of the program was told besides its command."""

    debug: bool = False


@dataclass(frozen=True, slots=True)
class Lazy:
    """A command that is not imported yet: `module:name`, its line in the group's help, and under what."""

    where: str
    help: str
    section: str = "Commands"


class LazyGroup(click.Group):
    """Imports a command's module when the command is called.

    Args:
        commands_at: Name → where the command stands.
    """

    def __init__(self, *args: Any, commands_at: Mapping[str, Lazy], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.commands_at = commands_at
        self.params.append(_debug_option())

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        return list(self.commands_at)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in self.commands_at:
            return None
        module, _, name = self.commands_at[cmd_name].where.partition(":")
        return getattr(import_module(module), name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        widest = max(map(len, self.commands_at))
        for section, lazies in groupby(self.commands_at.items(), lambda item: item[1].section):
            with formatter.section(section):
                formatter.write_dl([(name.ljust(widest), lazy.help) for name, lazy in lazies])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Its commands by their lines here, and its options; click would import each command."""
        from click.shell_completion import CompletionItem

        found = [
            CompletionItem(name, help=lazy.help)
            for name, lazy in self.commands_at.items()
            if name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in self.commands_at and not name.startswith("-"):
            near = difflib.get_close_matches(name, self.commands_at, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(self.commands_at)}."
            ctx.fail(f"there is no command {name!r}. {hint}")
        return super().resolve_command(ctx, args)


class OnceCommand(click.Command):
    """Refuses an option of one value that is given several; click would take the last of them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        given = list(args)
        rest = super().parse_args(ctx, args)
        if not ctx.resilient_parsing:
            _, _, order = self.make_parser(ctx).parse_args(given)
            _check_once(order)
        return rest


def _check_once(order: Sequence[click.Parameter]) -> None:
    for option, number in Counter(order).items():
        takes_one = isinstance(option, click.Option) and not (option.multiple or option.is_flag)
        if takes_one and number > 1:
            name = max(option.opts, key=len)
            raise ConfigurationError("it is given twice", who=name, fix="Give it once.")


def command(
    name: str,
    *,
    short_help: str,
    examples: Sequence[str],
    context_settings: Mapping[str, Any] | None = None,
) -> Callable[[Callable[..., Any]], click.Command]:
    """`click.command`, with `--debug`, each option given once, and examples below its help."""
    shown = "\n".join(["\b", "Examples:", *(f"  {example}" for example in examples)])

    def decorate(function: Callable[..., Any]) -> click.Command:
        settings = dict(context_settings or {})
        made = click.command(
            name, OnceCommand, short_help=short_help, epilog=shown, context_settings=settings
        )(function)
        made.params.append(_debug_option())
        return made

    return decorate


def store_option(
    text: str = "Keep it in this artifact store: a name or a URI.",
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """For commands that run something: where, in place of the stack's own store."""
    return click.option(
        "--store", metavar="STORE", shell_complete=complete.registered("artifact_store"), help=text
    )


def place_options() -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """For commands that look: `store` is the name or the URI of an artifact store, or None."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        stack = click.option(
            "--stack",
            metavar="NAME",
            expose_value=False,
            is_eager=True,
            callback=_note_stack,
            shell_complete=complete.stacks,
            help="Look in the artifact store of this stack, not of the active one.",
        )
        store = click.option(
            "--store",
            metavar="STORE",
            callback=_place,
            shell_complete=complete.registered("artifact_store"),
            help="Look in this artifact store: a name or a URI.",
        )
        return store(stack(function))

    return decorate


def _note_stack(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    ctx.meta[_STACK] = value


def _place(ctx: click.Context, _: click.Parameter, value: str | None) -> str | None:
    stack = ctx.meta.get(_STACK)
    if value is not None and stack is not None:
        raise click.UsageError("--store and --stack name one thing in two ways", ctx)
    if stack is None:
        if value is not None and not ctx.resilient_parsing:
            check_place(value)
        return value
    from skylift.stacks.build import store_of_stack

    return store_of_stack(stack)


def check_place(uri: str) -> None:
    """Raise `ConfigurationError` for a folder that was named and that nothing could be in, nor be made in."""
    if not uri.startswith("file:"):
        return
    from skylift.store.location import folder_of

    folder = folder_of(uri)
    if folder is not None and not os.path.lexists(folder.parent):
        raise ConfigurationError(
            f"there is no folder {folder.parent}",
            who=f"store {uri}",
            fix="Correct --store or SKYLIFT_STORE_URI.",
        )


def output_option() -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(
        "--output", type=click.Choice(["text", "json"]), default="text", help="What stdout gets."
    )


def _debug_option() -> click.Option:
    return click.Option(
        ["--debug"], is_flag=True, expose_value=False, callback=_note, help="Show tracebacks of errors."
    )


def _note(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 -- click's signature
    if value:
        ctx.ensure_object(Session).debug = True
