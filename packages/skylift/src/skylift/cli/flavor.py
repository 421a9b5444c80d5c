"""`skylift orchestrator flavor`: the kinds of orchestrator, and what each can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from skylift.cli import documents, tables
from skylift.cli.commands import Lazy, LazyGroup, command, output_option
from skylift.cli.complete import flavors
from skylift.flavors import all_flavors, entry_point, load_flavor, owner, reach_project
from skylift.stacks.changes import register_flavor
from skylift_contract import discovery
from skylift_contract.capability import Capability, Level
from skylift_contract.discovery import PLUGIN_OF
from skylift_contract.errors import ConfigurationError, DiscoveryError, FlavorBroken
from skylift_contract.flavor import BaseOrchestratorFlavor, infer, verify

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skylift_contract.capability import Support

COMMANDS: Final = {
    "list": Lazy("skylift.cli.flavor:list_flavors", "All flavors, installed or not, and what they can do."),
    "describe": Lazy("skylift.cli.flavor:describe", "A flavor with its options and capabilities."),
    "register": Lazy("skylift.cli.flavor:register", "Make a flavor of your own known by its class."),
}

SHOWN: Final = {
    "DYNAMIC": (Capability.DYNAMIC_PIPELINES,),
    "PARALLEL": (Capability.PARALLEL_STEPS,),
    "RESOURCES": (Capability.CPU, Capability.MEMORY, Capability.GPU),
    "RETRIES": (Capability.STEP_RETRIES,),
    "SCHEDULES": (Capability.SCHEDULE_CRON, Capability.SCHEDULE_INTERVAL, Capability.SCHEDULE_ONCE),
    "STOP": (Capability.STOP,),
    "LOGS": (Capability.LOGS,),
}
"""The columns of the table; a flavor that has some of a column's capabilities has it `in part`."""

WORDS: Final = {Level.FULL: "yes", Level.EMULATED: "emulated", Level.MISSING: "no", Level.IMPOSSIBLE: "never"}
SHORT: Final = {**WORDS, Level.EMULATED: "~"}
LEGEND: Final = (
    "~ done by Skylift, not by the backend; ? known when it is used",
    "see: skylift orchestrator flavor describe NAME",
)

flavor = LazyGroup("flavor", commands_at=COMMANDS, help="The kinds of orchestrator, and what each can do.")


@command(
    "list",
    short_help="All flavors, installed or not, and what they can do.",
    examples=("skylift orchestrator flavor list", "skylift orchestrator flavor list --output json"),
)
@output_option()
def list_flavors(*, output: str) -> None:
    """All flavors, installed or not, and what they can do. No SDK is loaded."""
    found = all_flavors()
    if output == "json":
        documents.write({"flavors": [_fields(name, found.get(name)) for name in _names(found)]})
        return
    rows = [(name, *_row(name, able)) for name, able in found.items()]
    tables.write(tables.table(("FLAVOR", *SHOWN, "FROM"), rows, flexible=(len(SHOWN) + 1,)))
    tables.write(("", *LEGEND))
    if missing := [name for name in PLUGIN_OF if name not in found]:
        tables.write((f"not installed: {', '.join(missing)}",))
    for name, error in found.items():
        if isinstance(error, DiscoveryError):
            click.echo(f"\n{name}: {error}", err=True)


def _names(found: Mapping[str, object]) -> list[str]:
    return [*found, *(name for name in PLUGIN_OF if name not in found)]


def _row(name: str, found: BaseOrchestratorFlavor | DiscoveryError) -> tuple[str, ...]:
    if isinstance(found, DiscoveryError):
        return (*("" for _ in SHOWN), "broken, see below")
    able = found.capabilities
    return (*(_cell(able, wanted) for wanted in SHOWN.values()), owner(name))


def _cell(able: Mapping[Capability, Support] | None, wanted: tuple[Capability, ...]) -> str:
    if able is None:
        return "?"  # a flavor that declares nothing: to infer it would import its SDK
    levels = [able[one].level if one in able else Level.MISSING for one in wanted]
    has = [level in {Level.FULL, Level.EMULATED} for level in levels]
    return SHORT[max(levels, key=list(Level).index)] if all(has) or not any(has) else "in part"


@command(
    "describe",
    short_help="A flavor with its options and capabilities.",
    examples=("skylift orchestrator flavor describe local",),
)
@click.argument("name", metavar="FLAVOR", shell_complete=flavors)
@output_option()
def describe(*, name: str, output: str) -> None:
    """A flavor with its options, and each of its capabilities with how far it goes.

    A flavor that declares no capabilities is asked by what it overrides, which loads its SDK.
    """
    found = load_flavor(name)
    if output == "json":
        documents.write({"flavor": _fields(name, found, _able(found))})
    else:
        tables.write(_lines(found))


def _able(found: BaseOrchestratorFlavor) -> Mapping[Capability, Support]:
    declared = found.capabilities
    if declared is not None:
        return declared
    return infer(found.implementation_class, found.config_class.model_construct())


def _lines(found: BaseOrchestratorFlavor) -> Iterator[str]:
    yield f"{found.name}: {found.title}"
    yield f"from {owner(found.name)}"
    yield ""
    options = [(name, _default(field), field.description or "") for name, field in _options(found).items()]
    yield from (
        tables.table(("OPTION", "DEFAULT", "WHAT"), options, flexible=(2,))
        if options
        else ("it has no options",)
    )
    yield ""
    able = _able(found)
    rows = [(one.value, WORDS[able[one].level], able[one].reason) for one in Capability if one in able]
    yield from tables.table(("CAPABILITY", "HAS IT", "HOW, OR WHY NOT"), rows, flexible=(2,))


def _options(found: BaseOrchestratorFlavor) -> Mapping[str, Any]:
    return found.config_class.model_fields


def _default(field: Any) -> str:
    return "required" if field.is_required() else str(field.get_default(call_default_factory=True))


def _fields(
    name: str,
    found: BaseOrchestratorFlavor | DiscoveryError | None,
    able: Mapping[Capability, Support] | None = None,
) -> dict[str, Any]:
    """The fields of FLAVOR; `capabilities` is null where it declares none and was not asked."""
    if found is None or isinstance(found, DiscoveryError):
        error = str(found) if found else f"not installed: {PLUGIN_OF[name]}"
        return {"name": name, "from": None, "error": error, "options": None, "capabilities": None}
    able = able or found.capabilities
    said = able and {
        one.value: {"level": support.level.value, "reason": support.reason, "source": support.source}
        for one, support in able.items()
    }
    options = found.config_class.model_json_schema().get("properties", {})
    return {"name": name, "from": owner(name), "error": None, "options": options, "capabilities": said}


@command(
    "register",
    short_help="Make a flavor of your own known by its class.",
    examples=("skylift orchestrator flavor register my_package.flavor.MyOrchestratorFlavor",),
)
@click.argument("source", metavar="MODULE.CLASS")
def register(*, source: str) -> None:
    """Make a flavor of your own known by its class, without an entry point.

    The class is imported and checked now; a project's modules are found from its folder. Where
    steps run elsewhere it must be importable there, unless the orchestrator names its run ID's
    sources as data.
    """
    where = _dotted(source)
    reach_project()
    name = _name_of(where)
    made = discovery.load_flavor(name, [entry_point(name, where)])
    verify(made)
    if name in discovery.find(discovery.ORCHESTRATORS):
        raise ConfigurationError("an installed package brings it already", who=f"flavor {name!r}")
    register_flavor(name, where)
    click.echo(f"flavor {name!r} is registered; use it with:", err=True)
    click.echo(f"  skylift orchestrator register NAME --flavor={name}", err=True)


def _dotted(source: str) -> str:
    """`module:Class`, of `module.Class` or `module:Class`."""
    module, _, name = source.replace(":", ".").rpartition(".")
    if not module:
        raise ConfigurationError(
            "it is no module.Class", who="flavor", value=source, fix="my_package.flavor.MyFlavor"
        )
    return f"{module}:{name}"


def _name_of(where: str) -> str:
    """What the class calls itself."""
    try:
        found = entry_point("", where).load()
        # Before it is called: calling a pipeline would run it.
        made = found() if isinstance(found, type) and issubclass(found, BaseOrchestratorFlavor) else None
    except Exception as error:
        raise ConfigurationError(
            f"it cannot be imported: {type(error).__name__}: {error}",
            who=f"flavor {where}",
            fix="Check the name, and that its module is installed or on PYTHONPATH.",
        ) from error
    if made is None:
        raise FlavorBroken("it is no BaseOrchestratorFlavor", who=f"flavor {where}", fix="Subclass it.")
    return str(made.name)
