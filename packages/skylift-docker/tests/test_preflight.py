from __future__ import annotations

import pytest

from skylift.store.identity import Identity
from skylift_contract.errors import ConfigurationError
from skylift_docker.preflight import check_endpoint

LOOPBACK = Identity({}, (), "http://127.0.0.1:9000")


def test_a_store_on_loopback_needs_the_hosts_network() -> None:
    expected = (
        r"^step 'a': the store's endpoint http://127\.0\.0\.1:9000 is on loopback, which is each container's own in "
        r"the network 'bridge'\. Use the host's network: --network=host, or settings="
    )
    with pytest.raises(ConfigurationError, match=expected):
        check_endpoint(LOOPBACK, {"a": {"create": {}}})
    with pytest.raises(ConfigurationError, match=r"^the pipeline's container: .* the network 'mine'\."):
        check_endpoint(LOOPBACK, {"": {"create": {"network_mode": "mine"}}})
    check_endpoint(LOOPBACK, {"a": {"create": {"network_mode": "host"}}})


def test_any_other_endpoint_is_reached_from_everywhere() -> None:
    check_endpoint(Identity({}, (), "https://minio.example"), {"a": {"create": {}}})
    check_endpoint(Identity({}, (), ""), {"a": {"create": {}}})
