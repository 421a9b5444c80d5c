"""Settings, resolved once: the pipeline's are its steps' defaults, field by field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from skylift.secrets import named_secrets
from skylift_contract.errors import AuthoringError, ConfigurationError, UnknownName
from skylift_contract.model import Duration, Settings
from skylift_contract.resource_settings import ResourceSettings
from skylift_contract.settings import CachePolicy, DockerSettings, StepRetryConfig

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from skylift.authoring.options import PipelineOptions, SharedOptions, StepOptions

RESOURCES: Final = "resources"
DOCKER: Final = "docker"
OF_FLAVOR: Final = "orchestrator."
LONGEST_TIMEOUT_S: Final = 366 * 24 * 3600
"""Ours: a year. Clocks of operating systems take no more than some thousands of days."""

NAME_LIMIT: Final = 250
"""Characters of a step's, invocation's or pipeline's name; ours, as no backend takes more."""

AnySettings = TypeVar("AnySettings", bound=Settings)
_DURATION: Final[TypeAdapter[timedelta]] = TypeAdapter(Duration)


def check_name(kind: str, name: str) -> str:
    """Any printable text will do, as keys and native names are derived from it."""
    if not name.strip() or not name.isprintable() or len(name) > NAME_LIMIT:
        raise AuthoringError(
            f"a {kind}'s name is printable text",
            who=f"{kind} {name[:40]!r}",
            value=len(name),
            limit=f"1 to {NAME_LIMIT} characters",
            fix="Choose another name.",
        )
    return name


def merged(under: Mapping[str, Any], over: Mapping[str, Any], who: str) -> dict[str, dict[str, Any]]:
    """Two mappings of settings as plain data; where both set a field, `over` wins."""
    result = {key: plain(value, f"{who}, settings[{key!r}]") for key, value in under.items()}
    for key, value in over.items():
        result[key] = {**result.get(key, {}), **plain(value, f"{who}, settings[{key!r}]")}
    for key in result:
        if key not in {RESOURCES, DOCKER} and not key.startswith(OF_FLAVOR):
            raise UnknownName("settings key", key, (RESOURCES, DOCKER, f"{OF_FLAVOR}local"), who=who)
    return result


def plain(value: Any, who: str) -> dict[str, Any]:
    """Settings as written, either as a model or as a mapping; only what was set."""
    if isinstance(value, BaseModel):
        return value.model_dump(exclude_unset=True)
    if isinstance(value, dict):
        return {str(key): item for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    raise ConfigurationError("settings are a model or a mapping", who=who, value=value)


def resources_of(settings: Mapping[str, dict[str, Any]]) -> ResourceSettings:
    return ResourceSettings.parse(settings.get(RESOURCES, {}))


def docker_of(settings: Mapping[str, dict[str, Any]]) -> DockerSettings:
    return DockerSettings.parse(settings.get(DOCKER, {}))


def flavor_settings(
    settings: Mapping[str, dict[str, Any]], flavor: str, settings_class: type[Settings] | None
) -> dict[str, dict[str, Any]]:
    """Every flavor's own settings: one snapshot may carry those of several.

    Those of the flavor that it is compiled for are validated; the others cannot be here.
    """
    found = {key: value for key, value in settings.items() if key.startswith(OF_FLAVOR)}
    own = f"{OF_FLAVOR}{flavor}"
    if settings_class is not None and own in found:
        found[own] = settings_class.parse(found[own]).model_dump(mode="json", exclude_unset=True)
    return found


def retry_of(options: SharedOptions, default: SharedOptions, who: str) -> StepRetryConfig | None:
    asked = options.retry if options.retry is not None else default.retry
    if asked is None or isinstance(asked, StepRetryConfig):
        return asked
    if isinstance(asked, dict):
        return StepRetryConfig.parse(asked)
    raise ConfigurationError(
        "it is a StepRetryConfig", who=f"{who}, retry", value=asked, fix="StepRetryConfig(max_retries=2)"
    )


def runtime_of(step: StepOptions, pipeline: PipelineOptions, who: str) -> str:
    """Where a dynamic pipeline runs a step: isolated, where it asks for something of its own.

    Raises `ConfigurationError` for one that is to run inline, with resources or an image.
    """
    asked, own = step.runtime, [key for key in (RESOURCES, DOCKER) if key in step.settings]
    if not pipeline.dynamic:
        return asked or "inline"
    if asked == "inline" and own:
        raise ConfigurationError(
            f"inline it has the orchestration environment's {' and '.join(own)}, and it asks for its own",
            who=who,
            value="runtime='inline'",
            fix="Leave one of the two out.",
        )
    return asked or ("isolated" if own else "inline")


def cache_of(options: SharedOptions, default: SharedOptions) -> bool:
    """Whether a step may be taken from the cache, which it may where nobody says otherwise."""
    asked = options.enable_cache if options.enable_cache is not None else default.enable_cache
    return asked is None or asked


def cache_policy_of(options: SharedOptions, default: SharedOptions, who: str) -> CachePolicy:
    asked = options.cache_policy if options.cache_policy is not None else default.cache_policy
    if asked is None:
        return CachePolicy()
    if isinstance(asked, CachePolicy):
        return asked
    if isinstance(asked, dict):
        return CachePolicy.parse(asked)
    raise ConfigurationError(
        "it is a CachePolicy", who=f"{who}, cache_policy", value=asked, fix="CachePolicy(expires_after=3600)"
    )


def timeout_of(options: SharedOptions, default: SharedOptions, who: str) -> timedelta | None:
    asked = options.timeout if options.timeout is not None else default.timeout
    if asked is None:
        return None
    try:
        timeout = _DURATION.validate_python(asked)
    except ValidationError:
        timeout = None
    if timeout is None or not 0 < timeout.total_seconds() <= LONGEST_TIMEOUT_S:
        raise ConfigurationError(
            "it is a number of seconds or a timedelta, above zero",
            who=f"{who}, timeout",
            value=asked,
            limit=f"{LONGEST_TIMEOUT_S} s",
            fix="Give a number of seconds: 3600.",
        )
    return timeout


def secrets_of(
    options: SharedOptions, default: SharedOptions, defined: Mapping[str, str], who: str
) -> dict[str, str]:
    """Environment variable → reference; a step's own wins over its pipeline's."""
    found = {
        **named_secrets(default.secrets, defined, who),
        **named_secrets(options.secrets, defined, who),
    }
    if both := sorted(found.keys() & {**default.environment, **options.environment}):
        raise ConfigurationError(
            "it is a secret, and stands in environment= too",
            who=f"{who}, variable {both[0]!r}",
            fix="Leave it out of one of the two.",
        )
    return found


def environment_of(options: SharedOptions, default: SharedOptions, who: str) -> dict[str, str]:
    found = {**default.environment, **options.environment}
    for name, value in found.items():
        if not isinstance(value, str) or not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance] -- people write what they write
            raise ConfigurationError(
                "environment variables are text",
                who=f"{who}, environment[{name!r}]",
                value=value,
                fix=f"Write {str(value)!r}.",
            )
        if name.startswith("SKYLIFT_"):
            raise ConfigurationError(
                "variables of that prefix are Skylift's own",
                who=f"{who}, environment",
                value=name,
                fix="Choose another name.",
            )
        if not name or "=" in name or "\0" in name + value:
            fix = "Choose a name without =, and a value without a zero byte."
            raise ConfigurationError(
                "no environment can hold it", who=f"{who}, environment", value=name, fix=fix
            )
    return found
