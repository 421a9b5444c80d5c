from __future__ import annotations

from typing import TYPE_CHECKING

from vertex_cloud import container, document, task

from skylift_vertex.emulator.backend import backend_of

if TYPE_CHECKING:
    from vertex_cloud import Cloud


def test_executions_are_run_ids_and_schedules_are_kept(cloud: Cloud) -> None:
    cloud.run(document(a=(container("pass"), task())), "one")
    backend = backend_of(cloud.emulator)
    assert backend.executions() == ["projects/my-project/locations/europe-west4/one"]
    assert backend.kept() == backend.schedules() == []
