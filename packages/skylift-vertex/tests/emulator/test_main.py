from __future__ import annotations

import signal
import subprocess
import sys
from itertools import takewhile

import pytest
from skylift_vertex_snapshots import config_of
from vertex_cloud import Fifo, custom_job_of

from skylift.store.location import open_store
from skylift_vertex.client import VertexClient


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_interrupted_and_its_jobs_end_with_it(
    fifo: Fifo, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    argv = [sys.executable, "-m", "skylift_vertex.emulator", "documents"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = list(takewhile(lambda line: line != "\n", process.stdout))
        told = dict(line.removeprefix("export ").rstrip("\n").split("=", 1) for line in lines)
        for name, value in told.items():
            monkeypatch.setenv(name, value)
        open_store("gs://documents/own").create("a", b"one")
        client = VertexClient(config_of(api_endpoint=told["VERTEX_ENDPOINT"], api_transport="rest"))
        client.create_custom_job(custom_job_of(fifo.code))
        fifo.wait()
        process.send_signal(number)
        assert process.wait(20) == 0
