"""The options of an orchestrator on __Plugin__."""

from __future__ import annotations

from pydantic import Field, SecretStr
from skylift_contract.errors import ConfigurationError
from skylift_contract.orchestrator import BaseOrchestratorConfig


class __Plugin__OrchestratorConfig(BaseOrchestratorConfig):
    """What only a run needs may be left out at registration; `required_endpoint` demands it.

    `endpoint`: the API's address, `https://…`, to which `/jobs` is added. `token`: sent as
    a bearer token. `request_timeout_s`: seconds that one call may take.
    """

    endpoint: str | None = None
    token: SecretStr | None = None
    request_timeout_s: float = Field(default=30.0, gt=0)

    @property
    def required_endpoint(self) -> str:
        if self.endpoint is None:
            raise ConfigurationError(
                "it is needed to run anything",
                who="__Plugin__OrchestratorConfig.endpoint",
                fix="Set it: skylift orchestrator update NAME --endpoint=https://…",
            )
        return self.endpoint.rstrip("/")
