from __future__ import annotations

import signal
import subprocess
import sys
from itertools import takewhile
from types import SimpleNamespace
from typing import Any

import pytest
from skylift_vertex_snapshots import PARENT
from vertex_cloud import Cloud, Fifo, custom_job

from skylift.store.location import open_store


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_interrupted_and_its_jobs_end_with_it(
    fifo: Fifo, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    argv = [sys.executable, "-m", "skylift_vertex.emulator", "documents"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            told = _variables(process)
            for name, value in told.items():
                monkeypatch.setenv(name, value)
            open_store("gs://documents/own").create("a", b"one")
            emulator: Any = SimpleNamespace(endpoint=told["VERTEX_ENDPOINT"])
            job = custom_job(fifo.code)
            Cloud(emulator).call("Job", "create_custom_job", parent=PARENT, customJob=job)
            fifo.wait()
            process.send_signal(number)
            assert process.wait(60) == 0
        finally:
            process.kill()  # what failed would otherwise be waited for, and outlive its test


def _variables(process: subprocess.Popen[str]) -> dict[str, str]:
    assert process.stdout is not None
    lines = takewhile(lambda line: line != "\n", process.stdout)
    return dict(line.removeprefix("export ").rstrip("\n").split("=", 1) for line in lines)
