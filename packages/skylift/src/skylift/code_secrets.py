"""Files that look like secrets: a source that holds one is sent nowhere.

Its archive goes to every step, and stays in the store for all who may read that. A name or the
first bytes of a file decide; a key that stands within other text is not looked for.
"""

from __future__ import annotations

import re
from fnmatch import translate
from typing import TYPE_CHECKING, Final

from skylift.code_ignore import IGNORE_FILE, TAKE
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

NAMES: Final = (
    *(".env", ".env.*", ".envrc", ".netrc", "_netrc", ".pgpass", ".pypirc", ".git-credentials"),
    *("id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "*.ppk", "*.p12", "*.pfx", "*.jks", "*.keystore"),
    *(".vault-token", ".s3cfg", ".boto", ".dockercfg", ".htpasswd", "*.tfstate", "*.tfstate.backup"),
    *("credentials.json", "client_secret*.json", "application_default_credentials.json", "*.kdbx"),
)
PATHS: Final = (".aws/credentials", ".docker/config.json", ".kube/config", ".streamlit/secrets.toml")
SAMPLES: Final = (".example", ".sample", ".template", ".dist")
"""Ends of names of files that show which variables there are, without their values."""

MOST_SHOWN: Final = 3
_LARGEST_KEY: Final = 64 * 1024

_NAMED: Final = re.compile("|".join(map(translate, NAMES)))
_PRIVATE_KEY: Final = re.compile(rb"\s*(?:-----BEGIN [A-Z0-9 ]*PRIVATE KEY|PuTTY-User-Key-File)")
_SERVICE_ACCOUNT: Final = re.compile(rb'"private_key"\s*:\s*"-----BEGIN ')
_PUBLIC: Final = re.compile(rb"-----BEGIN (?:TRUSTED |X509 )?(?:CERTIFICATE|[A-Z ]*PUBLIC KEY)")


def refuse_secrets(files: Mapping[str, bytes], allowed: Iterable[str], root: Path) -> None:
    """Raise `ConfigurationError`, naming them, for files that look like secrets and are not allowed."""
    known = set(allowed)
    found = [name for name, data in files.items() if name not in known and is_secret(name, data)]
    if not found:
        return
    more = f" and {len(found) - MOST_SHOWN} more" if len(found) > MOST_SHOWN else ""
    raise ConfigurationError(
        "it holds what looks like a secret, and is sent to every step and kept in the store",
        who=f"source {root}",
        value=", ".join(found[:MOST_SHOWN]) + more,
        fix=f"Name it in {root / IGNORE_FILE}, and let the step read it from its environment; "
        f"what is none is taken by the line {TAKE}{found[0]} there.",
    )


def is_secret(name: str, data: bytes) -> bool:
    """Whether a file looks like one, by its path from the root and what it begins with."""
    lower = name.lower()
    if _NAMED.fullmatch(lower.rpartition("/")[2]):
        return not lower.endswith(SAMPLES)
    if f"/{lower}".endswith(tuple(f"/{path}" for path in PATHS)):
        return True
    if lower.endswith(".pem"):
        return not _PUBLIC.search(data) or b"PRIVATE KEY" in data
    if lower.endswith(".json"):
        return len(data) <= _LARGEST_KEY and bool(_SERVICE_ACCOUNT.search(data))
    return bool(_PRIVATE_KEY.match(data))
