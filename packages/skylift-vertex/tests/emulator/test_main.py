from __future__ import annotations

import signal
import subprocess
import sys
from datetime import datetime, timedelta
from itertools import takewhile
from types import SimpleNamespace
from typing import Any

import pytest
from skylift_vertex_snapshots import PARENT
from vertex_cloud import Cloud, Fifo, container, custom_job, document, pipeline_job, task

from skylift.store.location import open_store
from skylift_vertex.emulator.__main__ import main


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


TURNED = """
import sys
from datetime import datetime
from threading import Thread
from skylift_vertex.emulator import __main__ as program

class Turned(program.VertexEmulator):
    def __enter__(self):
        Thread(target=self.turn, daemon=True).start()
        return super().__enter__()

    def turn(self):
        self.turn_clock(datetime.fromisoformat(sys.stdin.readline().strip()))

program.VertexEmulator = Turned
program.main([])
"""


def test_its_schedules_fire_at_their_times(fifo: Fifo) -> None:
    """As they do by themselves; its clock is turned to just before, for nobody waits for a minute here."""
    argv = [sys.executable, "-c", TURNED]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            emulator: Any = SimpleNamespace(endpoint=_variables(process)["VERTEX_ENDPOINT"])
            job = pipeline_job(document(a=(container(fifo.code), task())))
            starts = {"createPipelineJobRequest": {"parent": PARENT, "pipelineJob": job}}
            asked = {"displayName": "yearly", "cron": "0 0 1 1 *", "maxConcurrentRunCount": "1", **starts}
            cloud = Cloud(emulator)
            made = cloud.call("Schedule", "create_schedule", parent=PARENT, schedule=asked)
            upcoming = datetime.fromisoformat(made["nextRunTime"])
            assert process.stdin is not None
            process.stdin.write(f"{upcoming - timedelta(seconds=0.3)}\n")
            process.stdin.flush()
            fifo.wait()
            (found,) = cloud.listed("Pipeline", "list_pipeline_jobs")
            assert datetime.fromisoformat(found["createTime"]) == upcoming
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
        finally:
            process.kill()  # what failed would otherwise be waited for, and outlive its test


def test_help_is_no_server_and_says_what_is_served(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert (
        ended.value.code,
        told.startswith("usage: python -m skylift_vertex.emulator [-h] [BUCKET ...] Serve"),
    ) == (
        0,
        True,
    )
    assert "update NAME --api_endpoint=$VERTEX_ENDPOINT --api_transport=rest" in told


def test_what_is_no_bucket_is_refused_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["my_bucket", "Mine"])
    assert ended.value.code == 2
    assert "argument BUCKET: 'Mine' is no name of a bucket: 3 to 63 " in capsys.readouterr().err


def _variables(process: subprocess.Popen[str]) -> dict[str, str]:
    assert process.stdout is not None
    lines = takewhile(lambda line: line != "\n", process.stdout)
    return dict(line.removeprefix("export ").rstrip("\n").split("=", 1) for line in lines)
