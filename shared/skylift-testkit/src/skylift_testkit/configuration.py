"""Options are plain data, checked when they are written, and secrets stay hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr, ValidationError

from skylift_contract.errors import UnknownName
from skylift_testkit.suite import Suite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift_contract.flavor import BaseOrchestratorFlavor
    from skylift_contract.orchestrator import BaseOrchestratorConfig

MARK = "a-secret-that-must-not-show"


class ConfigSuite(Suite):
    def test_options_survive_a_round_trip(self, config: BaseOrchestratorConfig) -> None:
        kept = config.model_dump_json(exclude=_secret(config))
        given: dict[str, Any] = {name: getattr(config, name) for name in _secret(config)}
        again = type(config).model_validate_json(kept) if not given else None
        assert again is None or again == config

    def test_it_cannot_be_changed(self, config: BaseOrchestratorConfig) -> None:
        for name in type(config).model_fields:
            with pytest.raises((ValidationError, TypeError)):
                setattr(config, name, getattr(config, name))

    def test_an_option_that_there_is_not_is_refused(
        self, flavor: BaseOrchestratorFlavor, options: Mapping[str, Any]
    ) -> None:
        with pytest.raises(UnknownName, match="there is no option named 'no_such_option'"):
            flavor.config_class.parse({**options, "no_such_option": 1})

    def test_secrets_are_not_shown(self, flavor: BaseOrchestratorFlavor, options: Mapping[str, Any]) -> None:
        fields = flavor.config_class.model_fields
        secret = {name: MARK for name, field in fields.items() if "Secret" in str(field.annotation)}
        config = flavor.config_class.parse({**options, **secret})
        assert MARK not in repr(config) + str(config) + config.model_dump_json()


def _secret(config: BaseOrchestratorConfig) -> set[str]:
    return {name for name in type(config).model_fields if isinstance(getattr(config, name), SecretStr)}
