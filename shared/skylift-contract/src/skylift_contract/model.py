"""The two kinds of pydantic model: what people write, and what is read back from a store."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from skylift_contract.canonical import MICROSECOND, canonical_json
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from pydantic.functional_validators import ModelWrapValidatorHandler
    from pydantic_core import ErrorDetails

_NO_DURATION: Final = "it is not a duration: give a timedelta, or seconds as a number"


def _to_timedelta(value: Any, info: ValidationInfo) -> Any:
    """JSON holds integer microseconds (`canonical`); people write seconds or a timedelta."""
    if isinstance(value, bool):
        raise ValueError(_NO_DURATION)  # noqa: TRY004 -- pydantic turns only a ValueError into its own
    if not isinstance(value, int | float):
        return value
    try:
        return timedelta(microseconds=value) if info.mode == "json" else timedelta(seconds=value)
    except (OverflowError, ValueError):  # too long for a timedelta, infinite, NaN
        raise ValueError(_NO_DURATION) from None


Duration = Annotated[
    timedelta,
    BeforeValidator(_to_timedelta),
    PlainSerializer(lambda value: value // MICROSECOND, return_type=int, when_used="json"),
]
"""A timedelta; people may write seconds as a number. In JSON: integer microseconds."""


class Frozen(BaseModel):
    """Data read back from a store or a wire: an unknown field is a newer writer's, and no harm."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True, ser_json_inf_nan="strings")


class Settings(BaseModel):
    """What people write: an unknown field is a typing error and is refused by name.

    Raises `ConfigurationError`, in one sentence, where pydantic would raise its own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, ser_json_inf_nan="strings")

    called: ClassVar[str] = ""
    """What a refusal names, where people do not write the class: `settings["orchestrator.x"]`."""

    # A wrap validator and not an `__init__`: pydantic hands a custom `__init__` plain Python,
    # so JSON's integer microseconds would be read as seconds.
    @model_validator(mode="wrap")
    @classmethod
    def _in_one_sentence(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(data)
        except ValidationError as error:
            raise refused(cls, error) from None

    @classmethod
    def parse(cls, data: Any) -> Self:
        """`model_validate`, for data from a file: a mapping of options."""
        return cls.model_validate(data)

    @classmethod
    def from_snapshot(cls, data: Any) -> Self:
        """What a snapshot holds of these settings, where durations are integer microseconds."""
        return cls.model_validate_json(canonical_json(data))


def refused(model: type[BaseModel], error: ValidationError) -> ConfigurationError:
    """The first thing that pydantic found, as a sentence, with the number of further ones."""
    # A misspelt option often leaves a required one missing: the misspelling is the cause.
    first, *others = sorted(
        error.errors(include_url=False), key=lambda found: found["type"] != "extra_forbidden"
    )
    where = ".".join([_called(model), *(str(part) for part in first["loc"])])
    more = f" (and {len(others)} more)" if others else ""
    if first["type"] == "extra_forbidden":
        return _unknown_field(model, str(first["loc"][-1]))
    if first["type"] == "missing":
        return ConfigurationError(f"it is required{more}", who=where, fix="Give it a value.")
    said, fix = first["msg"].removeprefix("Value error, "), ""
    if first["type"] == "string_pattern_mismatch" and (example := _example(model, first)):
        said, fix = "it is not written as one is", f"As in: {example}"
    return ConfigurationError(f"{said}{more}", who=where, value=_shown(model, first), fix=fix)


def _example(model: type[BaseModel], found: ErrorDetails) -> str:
    """Of its field, where that has one; a pattern is for programs."""
    field = model.model_fields.get(str(found["loc"][0])) if found["loc"] else None
    return str(field.examples[0]) if field and field.examples else ""


def _shown(model: type[BaseModel], found: ErrorDetails) -> Any:
    """The value that was refused, unless its field is a secret's."""
    field = model.model_fields.get(str(found["loc"][0])) if found["loc"] else None
    return "**********" if field and "Secret" in str(field.annotation) else found["input"]


def _unknown_field(model: type[BaseModel], name: str) -> ConfigurationError:
    from skylift_contract.errors import UnknownName

    return UnknownName("option", name, sorted(model.model_fields), who=_called(model))


def _called(model: type[BaseModel]) -> str:
    return getattr(model, "called", "") or model.__name__
