from __future__ import annotations

import pytest
from skylift___plugin__.config import __Plugin__OrchestratorConfig
from skylift_contract.errors import ConfigurationError


def test_a_run_without_an_endpoint_is_refused() -> None:
    expected = r"^__Plugin__OrchestratorConfig\.endpoint: it is needed to run anything\. Set it: "
    with pytest.raises(ConfigurationError, match=expected):
        _ = __Plugin__OrchestratorConfig().required_endpoint


def test_the_token_is_not_shown() -> None:
    config = __Plugin__OrchestratorConfig.parse({"token": "a secret"})
    assert "a secret" not in f"{config!r} {config.model_dump_json()}"
