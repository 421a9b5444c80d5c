"""`skylift orchestrator`, `skylift artifact-store`, `skylift container-registry`."""

from __future__ import annotations

from skylift.cli.commands import Lazy, LazyGroup

_ACTIONS = {
    "register": "Give one a name and options.",
    "update": "Change options of one.",
    "list": "All that are registered.",
    "describe": "One with its options.",
    "delete": "Forget one.",
}


def _group(name: str, title: str, **further: Lazy) -> LazyGroup:
    made = {
        action: Lazy(f"skylift.cli.components.{action}:{name.replace('-', '_')}", line)
        for action, line in _ACTIONS.items()
    }
    return LazyGroup(name, commands_at=made | further, help=title)


orchestrator = _group(
    "orchestrator",
    "What runs pipelines: this machine, a cluster, a cloud's service.",
    flavor=Lazy("skylift.cli.flavor:flavor", "The kinds of orchestrator, and what each can do."),
)
artifact_store = _group("artifact-store", "Where runs and their artifacts are kept.")
container_registry = _group("container-registry", "Where images of steps are pushed.")
