from __future__ import annotations

import pytest
from skylift_vertex_snapshots import config_of

from skylift_contract.stack import ArtifactStore
from skylift_vertex.roots import root_of


@pytest.mark.parametrize(
    ("store", "root", "found"),
    [
        ("gs://bucket/churn", None, "gs://bucket/skylift/vertex"),
        ("gs://bucket", None, "gs://bucket/skylift/vertex"),
        ("gs://bucket", "gs://other/root", "gs://other/root"),
        ("s3://bucket", "gs://other", "gs://other"),
        ("s3://bucket", None, ""),
    ],
)
def test_a_root_is_named_or_in_the_stores_bucket(store: str, root: str | None, found: str) -> None:
    assert root_of(config_of(pipeline_root=root), ArtifactStore(store)) == found
