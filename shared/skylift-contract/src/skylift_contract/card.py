"""What a flavor and its orchestrator say of themselves, read under guard and checked.

It is anybody's code: what it raises, or gives that it must not, is that plugin's fault, and
is said so with its distribution. Ctrl-C and Skylift's own errors pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeGuard, TypeVar, cast

from skylift_contract.capability import Capability, Support
from skylift_contract.discovery import distribution_of
from skylift_contract.errors import FlavorBroken, SkyliftError
from skylift_contract.model import Settings
from skylift_contract.orchestrator import BaseOrchestrator, BaseOrchestratorConfig
from skylift_contract.run_id import Argument, Env, JsonFile

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from skylift_contract.flavor import BaseOrchestratorFlavor

AnyClass = TypeVar("AnyClass")

BEHAVIOUR: Final = ("is_synchronous", "is_schedulable", "handles_step_retries", "is_remote")
"""The properties of a configuration that launching relies on."""


@contextmanager
def guarded(make: Callable[[str], SkyliftError]) -> Generator[None]:
    """Raise `make("ValueError: …")`, with its cause, for what a plugin's code in the block raises."""
    try:
        yield
    except SkyliftError:
        raise
    except (Exception, SystemExit) as error:
        raise make(f"{type(error).__name__}: {error}") from error


def name_of(flavor: BaseOrchestratorFlavor) -> str:
    return str(_asked(flavor, "name", flavor))


def config_class(flavor: BaseOrchestratorFlavor) -> type[BaseOrchestratorConfig]:
    return _subclass(flavor, "config_class", BaseOrchestratorConfig)


def implementation_class(flavor: BaseOrchestratorFlavor) -> type[BaseOrchestrator]:
    """Reading it imports the flavor's SDK."""
    return _subclass(flavor, "implementation_class", BaseOrchestrator)


def settings_class(flavor: BaseOrchestratorFlavor) -> type[Settings] | None:
    if _asked(flavor, "settings_class", flavor) is None:
        return None
    return _subclass(flavor, "settings_class", Settings)


def capabilities(flavor: BaseOrchestratorFlavor) -> Mapping[Capability, Support] | None:
    """What it declares; None for one that leaves that to be inferred."""
    found = _asked(flavor, "capabilities", flavor)
    if found is None or _is_a_mapping_of_capabilities(found):
        return found
    raise FlavorBroken(
        "its capabilities are no mapping of Capability to Support",
        who=origin(flavor),
        value=found,
        fix="Return one, or None to have them inferred.",
    )


def check_card(flavor: BaseOrchestratorFlavor) -> None:
    """Raise `FlavorBroken` for what is wrong with all that is read without its implementation."""
    config_class(flavor)
    settings_class(flavor)
    capabilities(flavor)
    _asked(flavor, "title", flavor)


def check_behaviour(orchestrator: BaseOrchestrator) -> None:
    """Raise `FlavorBroken` for an orchestrator that cannot say how it behaves."""
    config = _asked(orchestrator, "config", orchestrator)
    for name in BEHAVIOUR:
        found = _asked(config, name, orchestrator)
        if not isinstance(found, bool):
            raise FlavorBroken(
                f"its configuration's {name} is neither True nor False", who=origin(orchestrator), value=found
            )
    sources = _asked(orchestrator, "run_id_sources", orchestrator)
    if not _is_a_tuple_of_sources(sources):
        raise FlavorBroken(
            "its run_id_sources are no tuple of Env, Argument and JsonFile",
            who=origin(orchestrator),
            value=sources,
        )


def origin(part: BaseOrchestratorFlavor | BaseOrchestrator) -> str:
    """Whose code it is: `flavor 'acme' of acme-plugin 1.2`, or of a module that no distribution brings."""
    flavor: object = part.flavor if isinstance(part, BaseOrchestrator) else _name_if_it_has_one(part)
    place = distribution_of(str(flavor)) or f"{type(part).__module__}:{type(part).__qualname__}"
    return f"flavor {flavor!r} of {place}"


def _name_if_it_has_one(flavor: BaseOrchestratorFlavor) -> object:
    try:
        return flavor.name
    except (Exception, SystemExit):  # noqa: BLE001 -- it is named here to say what is wrong with it
        return type(flavor).__qualname__


def _asked(about: object, part: str, whose: BaseOrchestratorFlavor | BaseOrchestrator) -> Any:
    def broken(cause: str) -> FlavorBroken:
        fix = "Install what it lacks, or have its author correct it."
        return FlavorBroken(f"its {part} fails: {cause}", who=origin(whose), fix=fix)

    with guarded(broken):
        return getattr(about, part)


def _subclass(flavor: BaseOrchestratorFlavor, part: str, base: type[AnyClass]) -> type[AnyClass]:
    found: object = _asked(flavor, part, flavor)
    if not _is_kind_of(found, base):
        raise FlavorBroken(
            f"its {part} is no {base.__name__}", who=origin(flavor), value=found, fix="Subclass it."
        )
    return found


def _is_kind_of(found: object, base: type[AnyClass]) -> TypeGuard[type[AnyClass]]:
    return isinstance(found, type) and issubclass(found, base)


def _is_a_mapping_of_capabilities(found: object) -> bool:
    if not isinstance(found, Mapping):
        return False
    pairs = cast("Mapping[Any, Any]", found).items()
    return all(isinstance(name, Capability) and isinstance(how, Support) for name, how in pairs)


def _is_a_tuple_of_sources(found: object) -> bool:
    if not isinstance(found, tuple):
        return False
    return all(isinstance(one, Env | Argument | JsonFile) for one in cast("tuple[Any, ...]", found))
