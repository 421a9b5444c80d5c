"""Options of components: from a command line's text, checked by the flavor's config model."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from pydantic import Field, SecretStr, field_validator

from skylift.flavors import load_flavor
from skylift.secrets import filled_from_here, filled_in, has_reference, is_reference
from skylift.stacks.entries import Kind
from skylift.store.location import Location
from skylift.store.options import OPTIONS, PATIENCE, SECRET_OPTIONS, check_options
from skylift.url_passwords import STARS, has_password, refuse_passwords, without_passwords
from skylift_contract.errors import ConfigurationError, DiscoveryError, UnknownName
from skylift_contract.model import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel

    from skylift.stacks.entries import Component


_MAY_BE_SECRET: Final = re.compile(r"secret|token|password|key", re.IGNORECASE)

LEFT_OUT: Final = "omitted"
"""What stands for a secret that is not looked up; too short to be taken for one that has leaked."""


class ContainerRegistryConfig(Settings):
    """`uri`: what stands before an image's name: `123456789012.dkr.ecr.eu-west-1.amazonaws.com/ml`."""

    uri: str = Field(min_length=1, description="What stands before an image's name.")
    username: str | None = Field(default=None, description="Whom to log in as.")
    password: SecretStr | None = Field(default=None, description="Where the password is, as a reference.")

    @field_validator("uri")
    @classmethod
    def _is_a_prefix(cls, uri: str) -> str:
        if "://" in uri or uri.endswith("/") or any(letter.isspace() for letter in uri):
            message = "it is the beginning of images' names, without a scheme and without a slash at its end"
            raise ValueError(message)
        if has_password(uri):
            message = "it holds user:password@, which names of images would spread"
            raise ValueError(message)
        return uri


def parsed_options(component: Component) -> Any:
    """A component's options through its config model, with references filled in.

    Raises a `DiscoveryError` for its flavor, `ConfigurationError` for its options, and for a
    secret in clear, which a file that was written by hand may hold.
    """
    _check_in_clear(component)
    return _parsed(component, lambda text: filled_in(text, _who(component)))


def check_component(component: Component) -> None:
    """Raise `ConfigurationError` for options that cannot be, or for a secret in clear.

    Needs no SDK and no credentials: a reference that cannot be followed here stands for its
    value, and is followed when the component is used.
    """
    _check_in_clear(component)
    if component.kind is Kind.ARTIFACT_STORE:
        _check_store(component)
    else:
        _parsed(component, filled_from_here)


def _check_in_clear(component: Component) -> None:
    secret = _secret_options(component) if component.options else ()
    for name, value in component.options.items():
        who = f"{_who(component)}, {name}"
        if name not in secret:
            refuse_passwords(value, who)
        elif _stands_itself(value):
            fix = as_reference(component, name)
            raise ConfigurationError("it is a secret, and is kept as a reference only", who=who, fix=fix)


def is_in_clear(component: Component, option: str) -> bool:
    """Whether the option is a secret, and its value stands there itself."""
    return is_secret(component, option) and _stands_itself(component.options[option])


def _stands_itself(value: object) -> bool:
    text = str(value)
    return not is_reference(text) and text != LEFT_OUT


def as_reference(component: Component, option: str) -> str:
    """What to do about a secret in clear."""
    variable = f"{component.name}_{option}".upper().replace("-", "_")
    return f"export {variable}=… and write --{option}='${{env:{variable}}}'"


def is_secret(component: Component, option: str) -> bool:
    """Whether the option's value must not be shown."""
    return option in _secret_options(component)


def _secret_options(component: Component) -> frozenset[str]:
    """Those that there may be; of an orchestrator its flavor is looked for, and loaded."""
    if component.kind is Kind.ARTIFACT_STORE:
        return frozenset(SECRET_OPTIONS)
    fields = config_class_of(component).model_fields
    return frozenset(name for name, field in fields.items() if "Secret" in str(field.annotation))


def shown_options(component: Component) -> dict[str, Any]:
    """The options with stars for a secret in clear, and for a password inside a URL."""
    return {name: _shown(component, name, value) for name, value in component.options.items()}


def _shown(component: Component, option: str, value: Any) -> Any:
    try:
        is_hidden = is_in_clear(component, option)
    except DiscoveryError:  # the flavor is not here to say what is secret: its name has to
        is_hidden = _MAY_BE_SECRET.search(option) is not None and not is_reference(str(value))
    if is_hidden:
        return STARS
    if isinstance(value, str):
        return without_passwords(value)
    return STARS if has_password(value) else value


def secrets_in_clear(component: Component) -> dict[str, str]:
    """Option → what to do about it, of each secret that stands in the file itself."""
    shown = shown_options(component)
    return {name: as_reference(component, name) for name, value in shown.items() if value == STARS}


def without_secrets(component: Component) -> Component:
    """The component with a word in place of each secret that this process does not have already."""
    secret = _secret_options(component) if component.options else ()
    options = {
        name: _of_here(str(value)) if name in secret else value for name, value in component.options.items()
    }
    return replace(component, options=options)


def _of_here(text: str) -> str:
    return LEFT_OUT if has_reference(filled_from_here(text)) else text


def config_class_of(component: Component) -> type[BaseModel]:
    """The model whose fields are the component's options."""
    if component.kind is Kind.ORCHESTRATOR:
        return load_flavor(component.flavor).config_class
    return ContainerRegistryConfig


def filled_store(component: Component) -> tuple[str, dict[str, str]]:
    """A registered artifact store's URI and options, its references filled in.

    Raises `ConfigurationError` for a secret in clear, and for what no store takes.
    """
    _check_in_clear(component)
    filled = {name: filled_in(text, _who(component)) for name, text in _texts(component).items()}
    uri = filled.pop("uri")
    check_options(Location.parse(uri), filled)
    return uri, filled


def read_option(text: str, annotation: Any) -> Any:
    """A command line's text as the file keeps it: JSON where the annotation takes that, else text.

    None stands for `null`, which a file of TOML cannot hold.
    """
    import json

    from pydantic import TypeAdapter, ValidationError

    if has_reference(text):
        return text
    try:
        value = json.loads(text)
        TypeAdapter(annotation).validate_python(value)
    except (ValueError, ValidationError):
        return text  # the whole model says what is wrong with it, if anything is
    return value


def known_options(component: Component) -> dict[str, Any]:
    """Option → annotation, of the component's config model or of its store's scheme."""
    if component.kind is Kind.ARTIFACT_STORE:
        scheme = Location.parse(_uri(component)).scheme
        return dict.fromkeys(("uri", *sorted(OPTIONS[scheme])), str)
    fields = config_class_of(component).model_fields
    return {name: field.annotation for name, field in fields.items()}


def _check_store(component: Component) -> None:
    options = _texts(component)
    check_options(Location.parse(options.pop("uri")), options)


def _texts(component: Component) -> dict[str, str]:
    for name, value in component.options.items():
        is_number = name in PATIENCE and isinstance(value, int | float) and not isinstance(value, bool)
        if not isinstance(value, str) and not is_number:
            raise ConfigurationError(
                "it is text", who=f"{_who(component)}, {name}", value=value, fix="Write it in quotes."
            )
    _uri(component)
    return {name: str(value) for name, value in component.options.items()}


def _uri(component: Component) -> str:
    if "uri" not in component.options:
        raise ConfigurationError("it is required", who=f"{_who(component)}, uri", fix="Give it: --uri=s3://…")
    return str(component.options["uri"])


def _parsed(component: Component, fill: Callable[[str], str]) -> Any:
    options, who = component.options, _who(component)
    filled = {name: fill(value) if isinstance(value, str) else value for name, value in options.items()}
    try:
        return config_class_of(component).model_validate(filled)
    except UnknownName as error:
        raise UnknownName(error.kind, error.name, error.known, who=who) from None
    except ConfigurationError as error:
        shown = error.value if error.value in options.values() else None  # not what a reference stands for
        raise ConfigurationError(
            error.what,
            who=f"{who}, {error.who}",
            value=shown,
            limit=error.limit,
            fix=error.fix or _where_options_are_told(component),
        ) from None


def _where_options_are_told(component: Component) -> str:
    if component.kind is Kind.ORCHESTRATOR:
        return f"See: skylift orchestrator flavor describe {component.flavor}"
    return f"See: skylift {component.kind.command} register --help"


def _who(component: Component) -> str:
    return f"{component.kind.words} {component.name!r}"
