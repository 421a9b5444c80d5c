from __future__ import annotations

import signal
import subprocess
import sys
from itertools import takewhile
from typing import TYPE_CHECKING

import pytest
from sagemaker_cloud import ROLE, Fifo, client, definition, step

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_interrupted_and_its_jobs_end_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    fifo = Fifo(tmp_path)
    argv = [sys.executable, "-m", "skylift_sagemaker.emulator", "eu-west-1", "documents"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            _check_serves(process, fifo, monkeypatch)
            process.send_signal(number)
            assert process.wait(20) == 0
        finally:
            process.kill()  # what failed would otherwise be waited for, and outlive its test


def _check_serves(process: subprocess.Popen[str], fifo: Fifo, monkeypatch: pytest.MonkeyPatch) -> None:
    """It leads clients to it, has its bucket, and runs a job, which waits."""
    assert process.stdout is not None
    for line in takewhile(lambda line: line != "\n", process.stdout):
        monkeypatch.setenv(*line.removeprefix("export ").rstrip("\n").split("=", 1))
    client("s3").head_bucket(Bucket="documents")
    text = definition(step("a", f"print('up', flush=True); {fifo.code}"))
    client("sagemaker").create_pipeline(PipelineName="daily", PipelineDefinition=text, RoleArn=ROLE)
    client("sagemaker").start_pipeline_execution(PipelineName="daily")
    fifo.wait()
