from __future__ import annotations

import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING

import pytest
from sagemaker_cloud import ROLE, Fifo, client, definition, step

from skylift_sagemaker.emulator.__main__ import main
from skylift_testkit.emulator import command_line

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


def test_its_schedules_fire_at_their_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fifo = Fifo(tmp_path)
    argv = [sys.executable, "-m", "skylift_sagemaker.emulator", "eu-west-1"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            _use(process, monkeypatch)
            arn = _pipeline(definition(step("a", fifo.code)))
            client("scheduler").create_schedule(
                Name="soon",
                ScheduleExpression=f"at({datetime.now(UTC) + timedelta(seconds=2):%Y-%m-%dT%H:%M:%S})",
                FlexibleTimeWindow={"Mode": "OFF"},
                Target={"Arn": arn, "RoleArn": ROLE},
            )
            fifo.wait()
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
        finally:
            process.kill()  # what failed would otherwise be waited for, and outlive its test


def test_help_is_no_server(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert "usage: python -m skylift_sagemaker.emulator [-h] [REGION] [BUCKET ...]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["mars-1"], "argument REGION: there is no region 'mars-1': name one as AWS does, eu-central-1"),
        (["eu-west-1", "my_bucket"], "argument BUCKET: 'my_bucket' is no name of a bucket: 3 to 63 "),
    ],
)
def test_what_is_no_region_and_no_bucket_is_refused_in_a_sentence(
    capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("region", ["eu-central-1", "cn-north-1", "us-gov-west-1"])
def test_regions_are_of_any_partition(
    region: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interruption() -> socket.socket:
        heard, told = socket.socketpair()
        told.close()  # what can be read is the end
        return heard

    monkeypatch.setattr(command_line, "interruption", interruption)
    main([region, "documents", "outputs"])
    assert f"export AWS_REGION={region}\n" in capsys.readouterr().out


def _check_serves(process: subprocess.Popen[str], fifo: Fifo, monkeypatch: pytest.MonkeyPatch) -> None:
    """It leads clients to it, has its bucket, and runs a job, which waits."""
    _use(process, monkeypatch)
    client("s3").head_bucket(Bucket="documents")
    _pipeline(definition(step("a", f"print('up', flush=True); {fifo.code}")))
    client("sagemaker").start_pipeline_execution(PipelineName="daily")
    fifo.wait()


def _use(process: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert process.stdout is not None
    for line in takewhile(lambda line: line != "\n", process.stdout):
        monkeypatch.setenv(*line.removeprefix("export ").rstrip("\n").split("=", 1))


def _pipeline(text: str) -> str:
    made = client("sagemaker").create_pipeline(PipelineName="daily", PipelineDefinition=text, RoleArn=ROLE)
    return made["PipelineArn"]
