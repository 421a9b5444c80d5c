"""Every reason at once: whoever mends one thing should not meet the next one after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skylift_contract.errors import ConfigurationError, SkyliftError

if TYPE_CHECKING:
    from collections.abc import Iterable


def raise_all(reasons: Iterable[SkyliftError]) -> None:
    """Raise the one reason that there is, or a `ConfigurationError` of a line for each of several."""
    found = {str(one): one for one in reasons}
    if len(found) == 1:
        raise next(iter(found.values()))
    if found:
        listed = "".join(f"\n- {sentence}" for sentence in found)
        raise ConfigurationError(
            f"it cannot run this pipeline, for {len(found)} reasons:{listed}", who="flavor 'local_docker'"
        )
