from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skylift.store.identity import Identity
from skylift_docker.preflight import missing_networks, unreachable

if TYPE_CHECKING:
    from skylift_docker.client import DockerClient

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


def test_a_network_is_there_by_its_name_and_by_its_id(client: DockerClient) -> None:
    import docker

    def missing(*names: str) -> list[object]:
        asked = {name: {"create": {"network_mode": name}} for name in names}
        return [one.value for one in missing_networks(client, asked)]

    sdk = docker.DockerClient(client.host)
    made = sdk.networks.create("skylift-tests")
    try:
        assert missing("skylift-tests", str(made.id), "host", "none", "container:any") == []
        assert missing("skylift-test", "skylift-tests", "skylift-tests-2") == [
            "skylift-test",
            "skylift-tests-2",
        ]
    finally:
        made.remove()
        sdk.close()
    assert missing("skylift-tests") == ["skylift-tests"]
