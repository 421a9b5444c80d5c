"""The roles that people grant: for every service that is called, and nothing wider than it has to be."""

from __future__ import annotations

import re
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
TEXT = (PACKAGE / "README.md").read_text()
SOURCES = "".join(path.read_text() for path in (PACKAGE / "src" / "skylift_vertex").glob("*.py"))

FOR = {
    "aiplatform": {"roles/aiplatform.user"},
    "logging": {"roles/logging.viewer", "roles/logging.logWriter"},
    "secretmanager": {"roles/secretmanager.secretAccessor"},
}
"""Service → the roles that its calls need, of whoever submits and of the steps."""

WIDE = re.compile(r"roles/(owner|editor|viewer)\b|[.\w]*\.admin\b")


def roles() -> set[str]:
    return set(re.findall(r"roles/[\w.]+\w", TEXT))


def called() -> set[str]:
    """The services that errors name: who raises says which call it was."""
    return set(re.findall(r'f?"(aiplatform|logging|secretmanager|storage):', SOURCES))


def test_every_service_that_is_called_has_its_roles() -> None:
    assert called() == set(FOR)
    assert set().union(*FOR.values()) <= roles()


def test_no_role_is_wider_than_it_has_to_be() -> None:
    assert [role for role in roles() if WIDE.search(role)] == []
