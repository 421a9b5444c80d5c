"""Retries as a document writes them: with all four fields, for one that is left out reaches Argo as 0."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from skylift_contract.errors import LimitExceeded

if TYPE_CHECKING:
    from skylift_contract.settings import StepRetryConfig


def retry_policy(retry: StepRetryConfig, longest_s: int, who: str) -> dict[str, Any]:
    """`RetryPolicy`; `longest_s`: seconds of its `backoffMaxDuration`.

    Raises `LimitExceeded` for a pause that is longer, which would be cut to it.
    """
    longest = retry.delay_before(max(1, retry.max_retries))
    if longest.total_seconds() > longest_s:
        raise LimitExceeded(
            "a pause between two of its attempts is too long",
            who=f"{who}, StepRetryConfig",
            value=str(longest),
            limit=f"at most {longest_s} seconds",
            fix="Lower delay, backoff or max_retries.",
        )
    return {
        "maxRetryCount": retry.max_retries,
        "backoffDuration": seconds(retry.delay),
        "backoffFactor": float(retry.backoff),
        "backoffMaxDuration": f"{longest_s}s",
    }


def seconds(duration: timedelta) -> str:
    """As protobuf's JSON has it: `90s`, `0.5s`."""
    whole, micros = divmod(duration, timedelta(seconds=1))
    return f"{whole}s" if not micros else f"{whole}.{micros.microseconds:06}".rstrip("0") + "s"
