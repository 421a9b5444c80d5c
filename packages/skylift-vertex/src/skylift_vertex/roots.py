"""Where Vertex keeps what it writes itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from skylift_contract.stack import ArtifactStore
    from skylift_vertex.config import VertexOrchestratorConfig


def root_of(config: VertexOrchestratorConfig, store: ArtifactStore) -> str:
    """The configured pipeline root, or one in the bucket of a `gs://` store; empty where there is neither."""
    scheme, _, rest = store.uri.partition("://")
    bucket = rest.partition("/")[0]
    return config.pipeline_root or (f"gs://{bucket}/skylift/vertex" if scheme == "gs" else "")


def rootless() -> ConfigurationError:
    return ConfigurationError(
        "there is no place for what Vertex itself writes",
        who="VertexOrchestratorConfig.pipeline_root",
        fix="Name one: skylift orchestrator update NAME --pipeline_root=gs://…; or use a gs:// store.",
    )
