from __future__ import annotations

from typing import Any

from skylift.store.identity import Identity
from skylift_docker.preflight import unreachable

LOOPBACK = Identity({}, (), "http://127.0.0.1:9000")


def said(identity: Identity, name: str, **create: Any) -> list[str]:
    return [str(one) for one in unreachable(identity, {name: {"create": create}})]


def test_a_store_on_loopback_needs_the_hosts_network() -> None:
    (sentence,) = said(LOOPBACK, "a")
    assert sentence == (
        "step 'a': the store's endpoint http://127.0.0.1:9000 is on loopback, which is each container's own in the "
        "network 'bridge'. Use the host's network: --network=host, or settings={\"orchestrator.local_docker\": "
        '{"network": "host"}}.'
    )
    (sentence,) = said(LOOPBACK, "", network_mode="mine")
    assert sentence.startswith("the pipeline's container: ")
    assert " the network 'mine'. " in sentence
    assert said(LOOPBACK, "a", network_mode="host") == []


def test_any_other_endpoint_is_reached_from_everywhere() -> None:
    assert said(Identity({}, (), "https://minio.example"), "a") == []
    assert said(Identity({}, (), ""), "a") == []
