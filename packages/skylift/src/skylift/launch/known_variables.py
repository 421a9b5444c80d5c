"""Which variables of this environment hold secrets, by their names and by what they look like."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from skylift.url_passwords import passwords_in

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORTEST_OF_A_STRANGER: Final = 12
"""Characters. A shorter value of a variable that the pipeline does not ask for is found by chance."""

SHORTEST_PASSWORD: Final = 8
"""The same of a password inside a URL, which is one for sure."""

SHORTEST_WORD: Final = 16
"""The same of one that is letters alone, such as `postgres`."""

SECRET_NAME: Final = re.compile(
    r"(?:.*(?:passw(?:or)?d|passphrase|api_?key)"
    r"|(?:.*_)?(?:secret|token|(?:access|secret|private|account)_key)"
    r"|.+_(?:pat|pwd|pass|credentials?))",
    re.IGNORECASE,
)
"""`PATH`, `PWD` and `OLDPWD` are none."""

_CONNECTION_NAME: Final = re.compile(r"(?:.*_)?(?:dsn|conn(?:ection)?_?str(?:ing)?)", re.IGNORECASE)
_IN_CONNECTION: Final = re.compile(
    r"\b(?:password|pwd|(?:shared)?access_?key|account_?key|client_?secret|secret)\s*=\s*([^;&\s]+)",
    re.IGNORECASE,
)
_KEY_IN_DSN: Final = re.compile(r"://([^\s/:@]+)@")
"""Sentry's: the key stands where a user would."""


def secret_values() -> Iterator[tuple[str, str]]:
    """Variable and secret, of each that is long enough not to stand elsewhere by chance."""
    for name, value in os.environ.items():
        is_long = len(value.strip()) >= SHORTEST_OF_A_STRANGER
        if is_long and SECRET_NAME.fullmatch(name) and not _is_path(name, value):
            yield name, value
        for password in {*_passwords(name, value)}:
            least = SHORTEST_WORD if password.isalpha() else SHORTEST_PASSWORD
            if len(password) >= least:
                yield name, password


def _is_path(name: str, value: str) -> bool:
    """Of credentials also one that leads nowhere here: GOOGLE_APPLICATION_CREDENTIALS is always one."""
    is_of_credentials = name.lower().endswith(("_credentials", "_credential"))
    return os.path.exists(value) or (is_of_credentials and value.startswith(("/", "~", ".")))  # noqa: PTH110 -- text of any kind


def _passwords(name: str, value: str) -> Iterator[str]:
    """Those within a URL, and of a connection string what it calls so; as written, and as meant."""
    found = [*passwords_in(value)] if "://" in value else []
    if _CONNECTION_NAME.fullmatch(name):
        found += [*_IN_CONNECTION.findall(value), *_KEY_IN_DSN.findall(value)]
    for password in found:
        yield password
        yield unquote(password)
