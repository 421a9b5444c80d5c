from __future__ import annotations

from typing import Any

import pytest
from skylift_vertex_snapshots import EVERYTHING, config_of

from skylift_contract.errors import ConfigurationError, LimitExceeded, SkyliftError
from skylift_vertex.config import VertexOrchestratorConfig, VertexOrchestratorSettings

WHO = r"^VertexOrchestratorConfig\."


def test_the_documented_line_is_enough() -> None:
    config = VertexOrchestratorConfig.parse({"project": "my-project", "location": "us-central1"})
    assert config.parent == "projects/my-project/locations/us-central1"
    assert (config.is_schedulable, config.handles_step_retries, config.is_remote) == (True, True, True)


def test_everything_goes_together() -> None:
    assert config_of(**EVERYTHING).network == EVERYTHING["network"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"location": "us-central7"},
            WHO
            + r"location: there is no location of Vertex AI named 'us-central7'\. Did you mean 'us-central1'\?$",
        ),
        ({"location": "global"}, WHO + r"location: there is no location of Vertex AI named 'global'\."),
        ({"project": "My Project"}, WHO + r"project: .*\(got 'My Project'\)"),
        ({"pipeline_root": "s3://bucket/root"}, WHO + r"pipeline_root: .*\(got 's3://bucket/root'\)"),
        ({"pipeline_root": "gs://"}, WHO + r"pipeline_root: "),
        (
            {"service_account": "somebody@example.com"},
            WHO + r"service_account: .*\(got 'somebody@example\.com'\)",
        ),
        ({"network": "default"}, WHO + r"network: .*\(got 'default'\)"),
        ({"encryption_key": "my-key"}, WHO + r"encryption_key: .*\(got 'my-key'\)"),
        (
            {"encryption_key": "projects/p/locations/us-east1/keyRings/r/cryptoKeys/k"},
            WHO + r"encryption_key: it is of another location than europe-west4 \(got 'projects/p/",
        ),
        (
            {"psc_network_attachment": "projects/p/regions/us-east1/networkAttachments/inner"},
            WHO + r"psc_network_attachment: it is of another location than europe-west4 \(got 'projects/p/",
        ),
        (
            {"image": "foo bar"},
            WHO + r"image: it is no name of an image \(got 'foo bar'\)\. Write \[REGISTRY/\]NAME",
        ),
        (
            {"network": EVERYTHING["network"], "psc_network_attachment": "inner"},
            WHO
            + r"psc_network_attachment: a step is peered with a network, or reaches one by an attachment, "
            r"and not both\. Leave out one of network and psc_network_attachment\.$",
        ),
        (
            {"reserved_ip_ranges": ["a"]},
            WHO + r"reserved_ip_ranges: they are ranges of a network, and none is named\. Add network\.$",
        ),
        (
            {"accelerator": "NVIDIA_L5"},
            WHO
            + r"accelerator: there is no accelerator type named 'NVIDIA_L5'\. Did you mean 'NVIDIA_L4'\?$",
        ),
        (
            {"machine_type": "e2-standard-5"},
            WHO
            + r"machine_type: there is no machine type named 'e2-standard-5'\. Did you mean 'e2-standard-",
        ),
        ({"max_runtime_s": 604_801}, WHO + r"max_runtime_s: .*\(got 604801\)"),
        ({"api_endpoint": "http://host/path"}, WHO + r"api_endpoint: "),
        ({"api_transport": "soap"}, WHO + r"api_transport: "),
        (
            {"projekt": "x"},
            r"^VertexOrchestratorConfig: there is no option named 'projekt'\. Did you mean 'project'\?",
        ),
    ],
)
def test_what_could_not_be_is_refused(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        config_of(**options)


@pytest.mark.parametrize(
    ("labels", "kind", "sentence"),
    [
        (
            {"Team": "a"},
            ConfigurationError,
            (
                r"^VertexOrchestratorConfig, label 'Team': a label has lower-case letters, digits, _ and - only, and "
                r"its key begins with a letter \(got 'a'\)\.$"
            ),
        ),
        ({"team": "a b"}, ConfigurationError, r"label 'team': .+ \(got 'a b'\)\.$"),
        ({"1st": "a"}, ConfigurationError, "label '1st': "),
        ({"": "a"}, ConfigurationError, "label '': "),
        (
            {"k" * 64: "a"},
            LimitExceeded,
            r"^VertexOrchestratorConfig, the key of a label: it is over the limit \(got 64",
        ),
        (
            {"k": "a" * 64},
            LimitExceeded,
            r"^VertexOrchestratorConfig, label 'k': it is over the limit \(got 64",
        ),
        (
            {f"k{n}": "" for n in range(59)},
            LimitExceeded,
            r"^VertexOrchestratorConfig, labels, with 6 of Skylift's own: it is over the limit \(got 65",
        ),
        (
            {"skylift_project": "a"},
            ConfigurationError,
            r"label 'skylift_project': labels that begin with skylift_ are Skylift's own\. Rename it\.$",
        ),
    ],
)
def test_labels_out_of_their_alphabet_are_refused(
    labels: dict[str, str], kind: type[SkyliftError], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence):
        config_of(labels=labels)


@pytest.mark.parametrize("labels", [{"team": ""}, {"größe": "kürzer_als-9"}, {"a" * 63: "b" * 63}])
def test_labels_of_it_are_taken(labels: dict[str, str]) -> None:
    assert config_of(labels=labels).labels == labels


def test_a_settings_machine_is_one() -> None:
    with pytest.raises(ConfigurationError, match=r"^VertexOrchestratorSettings\.machine_type: there is no"):
        VertexOrchestratorSettings(machine_type="huge")
