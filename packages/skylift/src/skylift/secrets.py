"""References to secrets, such as `env:DB_PASSWORD`: looked up when the value is needed, never before.

A plugin brings a scheme of its own by an entry point in the group `skylift.secrets`, named
as the scheme: a function from what stands after the colon to the secret's text.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from skylift_contract import discovery
from skylift_contract.errors import ConfigurationError, SkyliftError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_REFERENCE: Final = re.compile(r"(?P<scheme>[a-z][a-z0-9-]*):(?P<name>[^\s{}]+)")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_IN_TEXT: Final = re.compile(rf"\$\{{{_REFERENCE.pattern}\}}")


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a secret is: `str` gives what `parse` takes."""

    scheme: str
    name: str

    def __str__(self) -> str:
        return f"{self.scheme}:{self.name}"

    @classmethod
    def parse(cls, text: str, who: str) -> Reference:
        """Raises `ConfigurationError` for what is no reference; its text, perhaps a secret, is not said."""
        found = _REFERENCE.fullmatch(text)
        if found is None:
            raise ConfigurationError(
                "it is no reference to a secret", who=who, fix="Write where the secret is: env:NAME."
            )
        return cls(found["scheme"], found["name"])

    def resolve(self, who: str) -> str:
        """The secret itself; raises `ConfigurationError` where it is not to be had."""
        return _resolver(self.scheme, who)(self, who)


def named_secrets(asked: Iterable[object], defined: Mapping[str, str], who: str) -> dict[str, str]:
    """Environment variable → reference, of what is written as `secrets=[…]`.

    `"TOKEN=aws-sm:prod/token"` says where the secret is. `"TOKEN"` alone is one that is
    `defined`, in the table `[secret]` of skylift.toml, or else the variable of that name.

    Raises `ConfigurationError` for what names no variable or no place; its text, perhaps a
    secret, is not said.
    """
    found: dict[str, str] = {}
    for text in asked:
        name, is_given, reference = str(text).partition("=")
        if not isinstance(text, str) or not _VARIABLE.fullmatch(name) or name.startswith("SKYLIFT_"):
            raise ConfigurationError(
                "a secret is the name of an environment variable, not Skylift's own",
                who=f"{who}, secrets",
                fix='Write secrets=["DB_PASSWORD"], or ["DB_PASSWORD=env:OTHER_NAME"].',
            )
        place = reference if is_given else defined.get(name, f"env:{name}")
        found[name] = str(Reference.parse(place, f"{who}, secret {name!r}"))
    return found


def check_scheme(reference: Reference, who: str) -> None:
    """Raise `UnknownName`, offering the nearest, for a kind of secret that nothing here can read."""
    _resolver(reference.scheme, who)


def has_reference(text: str) -> bool:
    return _IN_TEXT.search(text) is not None


def is_reference(text: str) -> bool:
    """Whether the whole text is one `${scheme:name}`."""
    return _IN_TEXT.fullmatch(text) is not None


def filled_in(text: str, who: str) -> str:
    """The text with each `${scheme:name}` replaced by its secret."""
    return _IN_TEXT.sub(lambda found: Reference(found["scheme"], found["name"]).resolve(who), text)


def filled_from_here(text: str) -> str:
    """The text with what this process's environment has; other references stay as they are."""
    return _IN_TEXT.sub(
        lambda found: os.environ.get(found["name"], found[0]) if found["scheme"] == "env" else found[0], text
    )


def _from_environment(reference: Reference, who: str) -> str:
    try:
        return os.environ[reference.name]
    except KeyError:
        raise ConfigurationError(
            f"the environment variable {reference.name} is not set", who=who, fix=f"export {reference.name}=…"
        ) from None


_OWN: Final[Mapping[str, Callable[[Reference, str], str]]] = {"env": _from_environment}


def _resolver(scheme: str, who: str) -> Callable[[Reference, str], str]:
    if scheme in _OWN:
        return _OWN[scheme]
    found = discovery.find(discovery.SECRETS)
    if scheme not in found:
        fix = "Install the plugin that brings it."
        raise UnknownName("kind of secret", scheme, [*_OWN, *found], who=who, fix=fix)
    point = found[scheme][0].entry_point

    def ask(reference: Reference, who: str) -> str:
        try:
            look_up: Any = point.load()
            return str(look_up(reference.name))
        except ConfigurationError:
            raise
        except SkyliftError as error:  # its sentence is for people; of any other the plugin is the clue
            raise ConfigurationError(f"{reference} could not be read: {error}", who=who) from error
        except Exception as error:
            raise ConfigurationError(
                f"{point.value} could not read {reference}: {type(error).__name__}: {error}", who=who
            ) from error

    return ask
