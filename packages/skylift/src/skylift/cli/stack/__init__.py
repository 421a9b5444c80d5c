"""`skylift stack`."""

from __future__ import annotations

from typing import Final

from skylift.cli.commands import Lazy, LazyGroup

COMMANDS: Final = {
    "list": Lazy("skylift.cli.stack.show:list_stacks", "All stacks; the active one has a star."),
    "describe": Lazy("skylift.cli.stack.show:describe", "A stack with its components."),
    "set": Lazy("skylift.cli.stack.change:set_stack", "Run on this stack where nothing else is asked for."),
    "register": Lazy("skylift.cli.stack.change:register", "A new stack of registered components."),
    "copy": Lazy("skylift.cli.stack.change:copy", "A new stack like another."),
    "update": Lazy("skylift.cli.stack.change:update", "Give a stack other components."),
    "delete": Lazy("skylift.cli.stack.change:delete", "Forget a stack; its components stay."),
    "validate": Lazy("skylift.cli.stack.validate:validate", "Try whether a stack can work."),
}

stack = LazyGroup(
    "stack",
    commands_at=COMMANDS,
    help="What pipelines run on: an orchestrator, an artifact store, perhaps a container registry.",
)
