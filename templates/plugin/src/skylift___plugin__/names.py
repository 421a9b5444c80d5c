"""Our names to __Plugin__'s. Two different names of ours never become one of theirs."""

from __future__ import annotations

import hashlib
import re
from typing import Final

LIMIT: Final = 63
"""Characters of a name; the strictest that is common (RFC 1123), until the platform's own is cited here."""


def native_name(name: str) -> str:
    """A name of lower-case letters, digits and dashes; what had to change ends in a hash of the whole."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if slug == name and len(slug) <= LIMIT and not re.search(r"-[0-9a-f]{12}$", slug):
        return slug
    mark = hashlib.sha256(name.encode()).hexdigest()[:12]
    return f"{slug[: LIMIT - len(mark) - 1].rstrip('-') or 'step'}-{mark}"
